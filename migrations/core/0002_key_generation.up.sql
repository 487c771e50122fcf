-- What everybody may know of the keys. Apart from them, since rows that are updated reach every slot.
create table walcast.key_generation (
  generation int primary key,
  created_at timestamptz not null default clock_timestamp(),
  -- the transaction that made it: who has an older snapshot signs with the key before
  created_by xid8 not null default pg_current_xact_id(),
  -- A message at or behind this position of the WAL that is signed with this key is forged. Null: in use, or somebody may still use it.
  retired pg_lsn
);
revoke all on walcast.key_generation from public;
