drop table walcast.snapshot;
