-- 64 random bits in hex: part of the names of indexes and of fields in documents, so short and in lower case.
create function walcast.random_id() returns text language plpgsql volatile as $$
begin
  return left(encode(sha256(uuid_send(gen_random_uuid())), 'hex'), 16);
end $$;
revoke all on function walcast.random_id from public;
