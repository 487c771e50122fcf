-- Tables whose replica identity is ours, so that they get their own back with a key, or with `destroy`.
create table walcast.chosen_identity (
  relation oid primary key,
  -- pg_class.relreplident before and since
  previous "char" not null,
  chosen "char" not null
);
revoke all on walcast.chosen_identity from public;
