drop table if exists walcast.key_1;
delete from walcast.key_generation;
