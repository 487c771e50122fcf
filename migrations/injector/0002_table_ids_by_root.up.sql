create index if not exists table_ids_by_root on walcast.table_ids (root);
