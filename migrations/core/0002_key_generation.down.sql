drop table walcast.key_generation;
