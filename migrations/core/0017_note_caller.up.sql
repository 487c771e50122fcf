-- The first of the two functions of each event: SECURITY INVOKER and without SET, the only place where role, search_path and settings of
-- the caller can be seen. It runs with the rights and the search_path of the caller, so every name and every operator is qualified.
-- Settings are noted where they differ from the values fixed for message version 1; replay restores all of them.
create function walcast.note_caller() returns event_trigger language plpgsql as $$
declare
  fixed constant pg_catalog.text[] := '{DateStyle,"ISO, MDY",IntervalStyle,postgres,TimeZone,UTC,standard_conforming_strings,on,default_tablespace,"",default_table_access_method,heap,default_toast_compression,pglz,xmloption,content,array_nulls,on,transform_null_equals,off,backslash_quote,safe_encoding,lc_monetary,C,default_text_search_config,pg_catalog.simple}';
  settings pg_catalog.jsonb := '{}';
  setting pg_catalog.text;
begin
  for i in 1 .. 25 by 2 loop
    setting := pg_catalog.current_setting(fixed[i]);
    if setting operator(pg_catalog.<>) fixed[i operator(pg_catalog.+) 1] then
      settings := settings operator(pg_catalog.||) pg_catalog.jsonb_build_object(fixed[i], setting);
    end if;
  end loop;
  perform pg_catalog.set_config('walcast.caller', pg_catalog.jsonb_build_object('role', current_user,
    'search_path', pg_catalog.current_setting('search_path'), 'settings', settings)::pg_catalog.text, true);
end $$;
revoke all on function walcast.note_caller from public;
