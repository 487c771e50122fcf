-- The keys of the MAC under every message, one a generation. Readable by the owner of the schema alone. The rows are in tables of their own
-- that inherit from this one: see walcast.new_key().
create table walcast.key (
  generation int primary key,
  secret bytea not null,
  -- HMAC pads the key with zeros to 64 bytes and XORs it with 0x36 and 0x5c: kept ready, since bytea has no XOR
  inner_pad bytea not null,
  outer_pad bytea not null
);
revoke all on walcast.key from public;
