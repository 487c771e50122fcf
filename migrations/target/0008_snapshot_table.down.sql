drop table walcast.snapshot_table;
