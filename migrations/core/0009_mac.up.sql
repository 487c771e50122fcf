-- HMAC-SHA256 in hex with the newest key that the snapshot sees. Useless without the right to read walcast.key. The helpers of emit() rely on
-- the search_path that it pins and have no SET of their own: a function with SET plans its queries anew at every call.
create function walcast.mac(signed text) returns text language plpgsql stable as $$
begin
  return (select encode(sha256(outer_pad || sha256(inner_pad || convert_to(signed, 'UTF8'))), 'hex')
    from walcast.key order by generation desc limit 1);
end $$;
revoke all on function walcast.mac from public;
