drop index if exists walcast.table_ids_dropped;
