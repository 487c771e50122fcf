drop function walcast.keep_table_ids;
