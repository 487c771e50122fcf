-- The way from table_rewrite to ddl_command_end. Not a setting: functions that the rewrite runs could clear one. Unlogged: nobody has to
-- know of it after a crash, and no publication holds it.
create unlogged table walcast.rewritten (transaction xid8 not null, relation oid not null, reason int not null);
revoke all on walcast.rewritten from public;
