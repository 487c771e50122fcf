drop table walcast.applied_ddl;
