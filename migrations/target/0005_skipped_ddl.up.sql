-- Commands that somebody decided to pass over: `replicate ddl skip`. Read when a session opens; each use is recorded in applied_ddl.
create table walcast.skipped_ddl (
  system_identifier text not null,
  database text not null,
  pipeline text not null,
  lsn pg_lsn not null,
  requested_at timestamptz not null default clock_timestamp(),
  primary key (system_identifier, database, pipeline, lsn)
);
revoke all on walcast.skipped_ddl from public;
