-- Tells the readers of the stream that a new key comes (`retired` null; they have to fetch it), or that an older one holds no longer from
-- that position on. Nobody but the owner can use it: mac() reads walcast.key.
create function walcast.announce_key(generation int, retired pg_lsn) returns void language plpgsql as $$
declare
  message constant text := json_build_object('v', 1, 'kind', 'key',
    'iso', current_setting('transaction_isolation') <> 'read committed',
    'server_version_num', current_setting('server_version_num')::int, 'at', pg_current_wal_insert_lsn(),
    'generation', generation, 'retired', retired)::text;
begin
  perform pg_logical_emit_message(true, 'walcast', '{"mac":"' || walcast.mac(concat_ws(E'\n', 'walcast',
    (select oid from pg_database where datname = current_database()), pg_current_xact_id()::xid, message)) || '",' || substr(message, 2));
end $$;
revoke all on function walcast.announce_key from public;
