-- The tables of walcast have primary keys because a publication FOR ALL TABLES holds them too; the daemon drops their rows.
create table walcast.setting (name text primary key, value text not null);
revoke all on walcast.setting from public;

insert into walcast.setting values
  -- auto: tables get a replica identity when they are made or lose their key · off: they do not (bulk restores)
  ('replica_identity', 'auto'),
  -- rows of a rewritten table above this size are not sent along, the table has to be copied again
  ('backfill_limit_bytes', '67108864');
