-- The rows of a rewritten table as JSON arrays of rows, each an array of texts, about 1 MB a chunk. format('%s') calls the type's output
-- function and nothing else: a cast, to_json or quote_nullable would run casts that users define, with our rights. num_nulls and not IS
-- NULL, since ROW(NULL) IS NULL. An array and not json_build_array, which takes 100 values at most.
create function walcast.row_chunks(relation oid) returns setof text language plpgsql stable as $$
begin
  return query execute (
    select format(
      $query$
        select '[' || string_agg(sized.fields, ',') || ']'
        from (
          select rows.fields, sum(octet_length(rows.fields)) over (rows unbounded preceding) / 1048576 as chunk
          from (select array_to_json(array[%s]::text[])::text as fields from only %I.%I r) rows
        ) sized
        group by sized.chunk order by sized.chunk
      $query$,
      (select string_agg(format('case num_nulls(r.%1$I) when 0 then format(''%%s'', r.%1$I) end', a.attname), ', ' order by a.attnum)
        from pg_attribute a
        where a.attrelid = relation and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''),
      n.nspname, c.relname)
    from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = relation);
end $$;
revoke all on function walcast.row_chunks from public;
