-- Ranges of a table's rows, from `lower` (inclusive) to `upper` (exclusive) of its key. Each is copied under one snapshot of the source, which
-- is noted in the transaction that brings its rows.
create table walcast.snapshot_range (
  snapshot bigint not null,
  oid oid not null,
  number int not null,
  lower text,
  upper text,
  -- null: not copied yet
  visible text,
  until pg_lsn,
  rows bigint not null default 0,
  bytes bigint not null default 0,
  primary key (snapshot, oid, number),
  check ((visible is null) = (until is null))
);
revoke all on walcast.snapshot_range from public;
