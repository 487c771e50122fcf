-- From here on what is signed with that key is forged. To be called once nobody has a snapshot from before the key that follows it.
create function walcast.retire_key(old int) returns pg_lsn language plpgsql as $$
declare
  here constant pg_lsn := pg_current_wal_insert_lsn();
begin
  update walcast.key_generation set retired = here where generation = old;
  perform walcast.announce_key(old, here);
  return here;
end $$;
revoke all on function walcast.retire_key from public;
