-- With the tables of the generations.
drop table walcast.key cascade;
