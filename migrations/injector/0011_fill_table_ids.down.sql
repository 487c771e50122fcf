drop function walcast.fill_table_ids;
