-- The schema of the source as it was at the snapshot, statement by statement, until the copy is done: a restart goes on with the same one.
create table walcast.snapshot_statement (
  snapshot bigint not null,
  number int not null,
  section text not null check (section in ('pre-data', 'post-data')),
  event json not null,
  done boolean not null default false,
  primary key (snapshot, number)
);
revoke all on walcast.snapshot_statement from public;
