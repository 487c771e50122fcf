-- What the apply has to know of a table before it writes rows: its columns, and the unique indexes whose columns can find one row, each with
-- the equality operator of its operator class. Native replication looks the operator up in the same way, not by the name "=". Null: there
-- is no such table.
create function walcast.table_layout(schema_name text, table_name text) returns json
language plpgsql stable
  set search_path = pg_catalog, pg_temp
  set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
begin
  return (
    select json_build_object(
      'partitioned', c.relkind = 'p',
      'fires', exists (select from pg_trigger g where g.tgrelid = c.oid and g.tgenabled in ('A', 'R') and not g.tgisinternal)
        or c.relkind = 'p' and exists (
          select from pg_partition_tree(c.oid) part join pg_trigger g on g.tgrelid = part.relid
          where g.tgenabled in ('A', 'R') and not g.tgisinternal)
        or exists (select from pg_rewrite w where w.ev_class = c.oid and w.ev_enabled in ('A', 'R') and w.ev_type <> '1'),
      'columns', (
        select json_agg(json_build_array(
          a.attname, a.atttypid::bigint, a.attnotnull, a.attidentity = 'a', a.attgenerated <> '') order by a.attnum)
        from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped),
      'types', (
        select json_agg(json_build_object(
          'typeOid', t.oid::bigint,
          'typeName', format_type(t.oid, -1),
          'baseOid', base.oid::bigint,
          'baseName', case when t.typtype = 'd' then format_type(base.oid, -1) end,
          'arrayOid', t.typarray::bigint,
          'delimiter', ascii(t.typdelim::text),
          'nested', coalesce(b.typcategory, t.typcategory) in ('A', 'C'),
          'textCast', exists (
            select from pg_cast k
            where k.castsource = 'text'::regtype and k.casttarget = t.oid and k.castfunc <> 0 and k.oid >= 16384)))
        from (select distinct a.atttypid as oid from pg_attribute a
            where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as used
          join pg_type t on t.oid = used.oid left join pg_type b on b.oid = t.typbasetype
          cross join lateral (select case when t.typtype <> 'd' then t.oid else (
            with recursive below(oid, kind, next) as (
              values (t.oid, t.typtype, t.typbasetype)
              union all
              select d.oid, d.typtype, d.typbasetype from below join pg_type d on below.kind = 'd' and d.oid = below.next)
            select below.oid from below where below.kind <> 'd') end as oid) as base),
      'keys', (
        select json_agg(key.layout order by not key.is_primary, key.oid)
        from (
          select i.indexrelid as oid, i.indisprimary as is_primary, json_build_object(
            'primary', i.indisprimary,
            'exact', i.indimmediate and bool_and(a.attnotnull),
            'columns', json_agg(json_build_object(
              'name', a.attname,
              'operator', format('OPERATOR(%I.%s)', ns.nspname, o.oprname)) order by part.position)) as layout
          from pg_index i
            cross join lateral unnest(i.indkey::int2[], i.indclass::oid[]) with ordinality as part(attnum, opclass, position)
            join pg_attribute a on a.attrelid = c.oid and a.attnum = part.attnum
            join pg_opclass oc on oc.oid = part.opclass
            join pg_amop ao on ao.amopfamily = oc.opcfamily and ao.amoplefttype = oc.opcintype
              and ao.amoprighttype = oc.opcintype and ao.amopstrategy = 3
            join pg_am am on am.oid = ao.amopmethod and am.amname = 'btree'
            join pg_operator o on o.oid = ao.amopopr
            join pg_namespace ns on ns.oid = o.oprnamespace
          where i.indrelid = c.oid and i.indisunique and i.indisvalid and i.indpred is null and i.indexprs is null
            and part.position <= i.indnkeyatts
          group by i.indexrelid, i.indisprimary, i.indimmediate) as key))
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = schema_name and c.relname = table_name and c.relkind in ('r', 'p', 'f'));
end $$;
revoke all on function walcast.table_layout from public;
