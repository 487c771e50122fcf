drop table walcast.snapshot_statement;
