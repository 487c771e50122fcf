-- Triggers of one event fire in the order of their names, in bytes. Ours come before those of other tools: one that gives a new table an owner,
-- row security or partitions runs commands of its own, which a target can repeat only after the command that made the table. None on ddl_command_start: writing WAL there breaks DROP INDEX CONCURRENTLY.
-- Those of note_caller() all come before those of emit(), which without the other does not know who made the command.
create event trigger "!walcast_1_drop" on sql_drop execute function walcast.note_caller();
