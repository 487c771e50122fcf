drop table walcast.table_ids;
