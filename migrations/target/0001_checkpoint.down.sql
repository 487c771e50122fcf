drop table walcast.checkpoint;
