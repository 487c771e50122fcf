-- What was replayed here, in the transactions that replayed it: `replicate ddl list`.
create table walcast.applied_ddl (
  id bigint generated always as identity primary key,
  system_identifier text not null,
  database text not null,
  pipeline text not null,
  lsn pg_lsn not null,
  tag text not null,
  -- the author on the source
  role text not null,
  -- the statement as it stood on the source, as far as it was found there
  source text,
  -- what ran here; null: nothing had to
  statement text,
  -- how it was derived, or why nothing had to run
  how text not null,
  milliseconds double precision not null,
  applied_at timestamptz not null default clock_timestamp()
);
revoke all on walcast.applied_ddl from public;
