-- Makes the key that signs from the commit of this transaction on, and returns its generation. It has a table of its own: to write into one
-- that exists would put the key into the stream of every slot, and to rewrite that one would hold up the DDL of everybody and leave older
-- snapshots without a key.
--
-- Unlogged until the key is in it, and all in one transaction. Logical decoding passes over the rows that a rewrite makes. Only a plugin made
-- for debugging hands them out on demand (test_decoding with include-rewrites); making a slot takes the attribute REPLICATION, whose owner
-- may copy the files of the whole server as well.
create function walcast.new_key() returns int language plpgsql as $$
declare
  made constant int := coalesce((select max(generation) from walcast.key_generation), 0) + 1;
  secret bytea := sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()));
  padded bytea := secret || decode(repeat('00', 32), 'hex');
  inner_pad bytea := padded;
  outer_pad bytea := padded;
begin
  for i in 0..63 loop
    inner_pad := set_byte(inner_pad, i, get_byte(padded, i) # 54);
    outer_pad := set_byte(outer_pad, i, get_byte(padded, i) # 92);
  end loop;
  if made > 1 then
    perform walcast.announce_key(made, null);  -- signed with the key before, which every reader knows
  end if;
  execute format('create unlogged table walcast.key_%s (primary key (generation)) inherits (walcast.key)', made);
  execute format('revoke all on walcast.key_%s from public', made);
  execute format('insert into walcast.key_%s values ($1, $2, $3, $4)', made) using made, secret, inner_pad, outer_pad;
  execute format('alter table walcast.key_%s set logged', made);
  insert into walcast.key_generation (generation) values (made);
  return made;
end $$;
revoke all on function walcast.new_key from public;
