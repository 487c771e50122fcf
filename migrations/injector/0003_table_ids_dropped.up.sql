create index if not exists table_ids_dropped on walcast.table_ids (since) where id is null;
