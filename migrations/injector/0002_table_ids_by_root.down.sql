drop index if exists walcast.table_ids_by_root;
