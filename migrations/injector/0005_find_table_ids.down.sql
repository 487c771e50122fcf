drop function walcast.find_table_ids;
