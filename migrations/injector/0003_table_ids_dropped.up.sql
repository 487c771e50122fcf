create index table_ids_dropped on walcast.table_ids (since) where id is null;
