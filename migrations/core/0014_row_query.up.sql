-- The query for the rows of a rewritten table, each as a JSON array of texts. format('%s') calls the type's output function and nothing
-- else: a cast, to_json or quote_nullable would run casts that users define, with our rights. num_nulls and not IS NULL, since ROW(NULL)
-- IS NULL. An array and not json_build_array, which takes 100 values at most.
create function walcast.row_query(relation oid) returns text language plpgsql stable as $$
begin
  return (
    select format('select array_to_json(array[%s]::text[])::text from only %I.%I r', (
        select string_agg(format('case num_nulls(r.%1$I) when 0 then format(''%%s'', r.%1$I) end', a.attname), ', ' order by a.attnum)
        from pg_attribute a
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''),
      n.nspname, c.relname)
    from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = relation);
end $$;
revoke all on function walcast.row_query from public;
