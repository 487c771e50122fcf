drop function walcast.ddl_commands;
