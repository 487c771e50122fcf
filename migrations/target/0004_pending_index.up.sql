-- Policy `ddl.concurrently: concurrently`: an index that is to be made or dropped CONCURRENTLY, which no transaction can do. Written in the
-- transaction that replays the command, removed when the catalog shows that it is done; after a crash it is probed and done again.
create table walcast.pending_index (
  id bigint generated always as identity primary key,
  system_identifier text not null,
  database text not null,
  pipeline text not null,
  schema_name text not null,
  index_name text not null,
  -- null: the index is to be dropped
  definition text,
  noted_at timestamptz not null default clock_timestamp()
);
revoke all on walcast.pending_index from public;
