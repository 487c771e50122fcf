-- Tables whose rows are copied, by their oid on the source.
create table walcast.snapshot_table (
  snapshot bigint not null,
  oid oid not null,
  number int not null,
  -- the source's table as it was at the snapshot
  definition json not null,
  -- `changed` and `waiting` tables have no rows here, and none of theirs is taken from the stream; `gone`: dropped on the source
  state text not null check (state in ('waiting', 'changed', 'copied', 'gone')),
  key_column text,
  key_kind text check (key_kind in ('integer', 'uuid')),
  primary key (snapshot, oid)
);
revoke all on walcast.snapshot_table from public;
