-- Runs only when no other set is left. Without cascade: what others put into the schema is theirs.
drop table walcast.schema_migrations;
drop schema walcast;
