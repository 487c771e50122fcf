create event trigger "!walcast_2_end" on ddl_command_end execute function walcast.emit();
