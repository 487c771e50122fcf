-- Triggers of one event fire in the order of their names. None on ddl_command_start: writing WAL there breaks DROP INDEX CONCURRENTLY.
-- ALWAYS: what a session with session_replication_role = replica changes is in the WAL like anything else, so its DDL has to be as well.
create event trigger walcast_1_drop on sql_drop execute function walcast.note_caller();
create event trigger walcast_1_end on ddl_command_end execute function walcast.note_caller();
create event trigger walcast_1_rewrite on table_rewrite execute function walcast.note_caller();
create event trigger walcast_2_drop on sql_drop execute function walcast.emit();
create event trigger walcast_2_end on ddl_command_end execute function walcast.emit();
create event trigger walcast_2_rewrite on table_rewrite execute function walcast.emit();
alter event trigger walcast_1_drop enable always;
alter event trigger walcast_1_end enable always;
alter event trigger walcast_1_rewrite enable always;
alter event trigger walcast_2_drop enable always;
alter event trigger walcast_2_end enable always;
alter event trigger walcast_2_rewrite enable always;
