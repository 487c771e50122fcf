-- How far this target is, one row a source and pipeline. Written in the transactions whose rows it accounts for.
create table walcast.checkpoint (
  system_identifier text not null,
  database text not null,
  pipeline text not null,
  timeline int not null,
  -- random, made with the source's slot: a slot of the same name that was created again has another one
  slot_id uuid not null,
  lsn pg_lsn not null,
  updated_at timestamptz not null default clock_timestamp(),
  primary key (system_identifier, database, pipeline)
);
revoke all on walcast.checkpoint from public;
