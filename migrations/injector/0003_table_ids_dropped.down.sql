drop index walcast.table_ids_dropped;
