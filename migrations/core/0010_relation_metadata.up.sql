-- What the target needs to build a relation, or to check that it has built it right. Null and default values are left out.
create function walcast.relation_metadata(relation oid) returns json language plpgsql stable as $$
begin
  return (
    select json_strip_nulls(json_build_object(
      'oid', c.oid::bigint,
      'schema', n.nspname,
      'name', c.relname,
      'kind', c.relkind,
      'persistence', c.relpersistence,
      'owner', pg_get_userbyid(c.relowner),
      'identity', c.relreplident,
      'rls', nullif(c.relrowsecurity, false),
      'force_rls', nullif(c.relforcerowsecurity, false),
      'options', c.reloptions,
      'tablespace', (select t.spcname from pg_tablespace t where t.oid = c.reltablespace),
      'access_method', (select m.amname from pg_am m where m.oid = c.relam and m.amname <> 'heap'),
      'of_type', case when c.reloftype <> 0 then format_type(c.reloftype, null) end,
      'partition_key', case when c.relkind = 'p' then pg_get_partkeydef(c.oid) end,
      'partition_bound', pg_get_expr(c.relpartbound, c.oid),
      'parents', (select json_agg(i.inhparent::bigint order by i.inhseqno) from pg_inherits i where i.inhrelid = c.oid),
      'definition', case when c.relkind in ('v', 'm') then pg_get_viewdef(c.oid) end,
      'populated', case when c.relkind = 'm' then c.relispopulated end,
      'columns', (
        select ('[' || string_agg(concat(
          '{"num":', a.attnum,
          ',"name":', to_json(a.attname::text),
          ',"type":', to_json(format_type(a.atttypid, a.atttypmod)),
          ',"type_oid":', a.atttypid,
          ',"typmod":' || nullif(a.atttypmod, -1),
          case when a.attnotnull then ',"not_null":true' end,
          ',"collation":' || case when a.attcollation <> t.typcollation then (
            select to_json(format('%I.%I', cn.nspname, co.collname))
            from pg_collation co join pg_namespace cn on cn.oid = co.collnamespace where co.oid = a.attcollation)::text end,
          ',"default":' || case when a.atthasdef and a.attgenerated = '' then to_json(pg_get_expr(d.adbin, 0))::text end,
          ',"generated":' || case when a.attgenerated <> '' then to_json(pg_get_expr(d.adbin, d.adrelid))::text end,
          ',"generated_kind":' || to_json(nullif(a.attgenerated, '')::text)::text,
          ',"identity":' || to_json(nullif(a.attidentity, '')::text)::text,
          ',"sequence":' || case when (a.attidentity <> '' or (a.atthasdef and a.attgenerated = '')) and a.attnum = any (array(
              select d.refobjsubid from pg_depend d where d.refclassid = 'pg_class'::regclass and d.refobjid = c.oid
                and d.classid = 'pg_class'::regclass and d.objsubid = 0 and d.deptype in ('a', 'i')))
            then to_json(pg_get_serial_sequence(format('%I.%I', n.nspname, c.relname), a.attname))::text end,
          ',"missing":' || case when a.atthasmissing then to_json((a.attmissingval::text::text[])[1])::text end,
          ',"storage":' || case when a.attstorage <> t.typstorage then to_json(a.attstorage::text)::text end,
          ',"compression":' || to_json(nullif(a.attcompression, '')::text)::text,
          ',"inherited":' || nullif(a.attinhcount, 0),
          '}'), ',' order by a.attnum) || ']')::json
        from pg_attribute a
          join pg_type t on t.oid = a.atttypid
          left join pg_attrdef d on a.atthasdef and d.adrelid = a.attrelid and d.adnum = a.attnum
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped),
      'constraints', (
        select json_agg(json_build_object(
          'oid', k.oid::bigint,
          'name', k.conname,
          'type', k.contype,
          'definition', pg_get_constraintdef(k.oid)) order by k.conname)
        from pg_constraint k where k.conrelid = c.oid and k.contype <> 't'),
      'indexes', case when c.relhasindex then (
        select json_agg(json_build_object(
          'oid', i.indexrelid::bigint,
          'name', ic.relname,
          'definition', pg_get_indexdef(i.indexrelid),
          'unique', i.indisunique,
          'primary', i.indisprimary,
          'valid', i.indisvalid,
          'replica_identity', i.indisreplident) order by ic.relname)
        from pg_index i join pg_class ic on ic.oid = i.indexrelid where i.indrelid = c.oid) end))
    from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = relation);
end $$;
revoke all on function walcast.relation_metadata from public;
