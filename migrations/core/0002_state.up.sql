-- These tables have primary keys because a publication FOR ALL TABLES holds them too; the daemon drops their rows.

create table walcast.setting (name text primary key, value text not null);
insert into walcast.setting values
  -- auto: tables get a replica identity when they are made or lose their key · off: they do not (bulk restores)
  ('replica_identity', 'auto'),
  -- rows of a rewritten table above this size are not sent along, the table has to be copied again
  ('backfill_limit_bytes', '67108864');

-- Tables whose replica identity is ours, so that they get their own back with a key, or with `destroy`.
create table walcast.chosen_identity (
  relation oid primary key,
  -- pg_class.relreplident before and since
  previous "char" not null,
  chosen "char" not null
);

-- The way from table_rewrite to ddl_command_end. Not a setting: functions that the rewrite runs could clear one. Unlogged: nobody has to
-- know of it after a crash, and no publication holds it.
create unlogged table walcast.rewritten (transaction xid8 not null, relation oid not null, reason int not null);

-- Written before the slot is made and completed after it. `id` tells the slot from one of the same name that was made again later.
create table walcast.slot (
  slot_name text primary key,
  publication text not null,
  id uuid not null default gen_random_uuid(),
  consistent_point pg_lsn,
  created_at timestamptz not null default clock_timestamp()
);

revoke all on all tables in schema walcast from public;
