-- In this order: what is deleted from a logged table is in the logical stream.
alter table walcast.key set unlogged;
delete from walcast.key;
