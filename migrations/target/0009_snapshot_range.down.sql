drop table walcast.snapshot_range;
