drop function walcast.table_layout;
