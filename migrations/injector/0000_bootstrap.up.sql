-- The only migration that may run more than once: every set begins with it, and two sets may share a database.
create schema if not exists walcast;
revoke all on schema walcast from public;

create table if not exists walcast.schema_migrations (
  set text not null,
  version int not null,
  name text not null,
  checksum text not null,
  applied_at timestamptz not null default clock_timestamp(),
  duration interval not null,
  tool_version text not null,
  -- null: it ran, but what it changed is not known to be finished; the next `init` runs the whole file again
  verified_at timestamptz,
  -- why the last wait for that was given up
  failure text,
  primary key (set, version)
);
revoke all on walcast.schema_migrations from public;

comment on schema walcast is 'Belongs to walcast. `replicate destroy` removes it.';
comment on table walcast.schema_migrations is 'What walcast has installed here. Never edit it by hand.';
