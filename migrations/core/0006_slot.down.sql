drop table walcast.slot;
