drop index walcast.table_ids_by_root;
