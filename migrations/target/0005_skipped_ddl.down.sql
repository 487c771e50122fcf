drop table walcast.skipped_ddl;
