drop table walcast.key;
