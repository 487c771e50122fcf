-- In one transaction: between the two a crash of the server would empty the table, and a key in a logged table would reach every slot.
do $$
declare
  secret bytea := sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()));
  padded bytea := secret || decode(repeat('00', 32), 'hex');
  inner_pad bytea := padded;
  outer_pad bytea := padded;
begin
  for i in 0..63 loop
    inner_pad := set_byte(inner_pad, i, get_byte(padded, i) # 54);
    outer_pad := set_byte(outer_pad, i, get_byte(padded, i) # 92);
  end loop;
  insert into walcast.key (secret, inner_pad, outer_pad) values (secret, inner_pad, outer_pad);
end $$;

-- Logical decoding does not see the rows that a rewrite makes: the key reaches no replication slot, whoever reads it.
alter table walcast.key set logged;
