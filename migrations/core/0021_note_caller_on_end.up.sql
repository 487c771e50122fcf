create event trigger "!walcast_1_end" on ddl_command_end execute function walcast.note_caller();
