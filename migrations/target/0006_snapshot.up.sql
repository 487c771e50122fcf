-- The initial copy into this target, one row a source and pipeline. What it consists of is kept in the tables after this one, by `id`.
create table walcast.snapshot (
  id bigint generated always as identity primary key,
  system_identifier text not null,
  database text not null,
  pipeline text not null,
  phase text not null check (phase in ('schema', 'rows', 'post-data', 'catchup', 'done')),
  on_existing text not null check (on_existing in ('fail', 'append', 'replace')),
  -- under which the schema was read: a pg_snapshot of the source, and a position of its WAL that nothing visible in it commits at or after
  schema_snapshot text not null,
  schema_until pg_lsn not null,
  -- foreign keys that were made NOT VALID, since their tables were copied under different snapshots: validated at the end
  postponed oid[] not null default '{}',
  -- random, of the process at work: a row range of another one cannot be committed
  holder uuid not null,
  started_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  unique (system_identifier, database, pipeline)
);
revoke all on walcast.snapshot from public;
