-- The key of the MAC under every message. Readable by the owner of the schema alone. Unlogged as long as it is empty: see the next file.
create unlogged table walcast.key (
  one boolean primary key default true check (one),
  secret bytea not null,
  -- HMAC pads the key with zeros to 64 bytes and XORs it with 0x36 and 0x5c: kept ready, since bytea has no XOR
  inner_pad bytea not null,
  outer_pad bytea not null
);
revoke all on walcast.key from public;
