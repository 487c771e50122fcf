create event trigger "!walcast_0_end" on ddl_command_end execute function walcast.keep_table_ids();
