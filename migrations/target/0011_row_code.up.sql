-- The functions that are not built in and that writing a row of a relation reaches: CHECKs, exclusion constraints, index expressions,
-- generated columns, domains and composite types with their CHECKs, operators, casts, partition keys and bounds of it and its ancestors, and
-- triggers and rules that fire under the replica role. A rule counts as its table's owner's code. What else an ancestor has, an heir has
-- too, or it does not run for its rows: of ancestors only partition keys count, of plain inheritance nothing. One of the functions as JSON,
-- of a plain user if there is one; null: none.
create function walcast.row_code(relation regclass) returns json
language plpgsql stable
  set search_path = pg_catalog, pg_temp
  set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
begin
  -- Most tables have nothing of the sort: then the long question is not asked. It starts from the same places.
  if not exists (
    select from pg_class c where c.oid = relation and (
      c.relispartition
      or c.relhastriggers and exists (select from pg_trigger t where t.tgrelid = c.oid and t.tgenabled in ('A', 'R'))
      or c.relhasrules and exists (select from pg_rewrite w where w.ev_class = c.oid and w.ev_enabled in ('A', 'R'))
      or exists (select from pg_constraint k where k.conrelid = c.oid and k.contype in ('c', 'x'))
      or exists (select from pg_attribute a where a.attrelid = c.oid and a.attgenerated <> '')
      or exists (
        select from pg_depend d
        where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.refobjid >= 16384 and d.refclassid <> 'pg_namespace'::regclass)
      or c.relhasindex and exists (
        select from pg_index i join pg_depend d on d.classid = 'pg_class'::regclass and d.objid = i.indexrelid
        where i.indrelid = c.oid and d.refobjid >= 16384
          and d.refclassid not in ('pg_class'::regclass, 'pg_constraint'::regclass)))) then
    return null;
  end if;
  return (select to_json(code) from (
    with recursive reached(class, object) as (
      select 'pg_class'::regclass::oid, relation
      union
      select next.class, next.object from reached r cross join lateral (
        select d.refclassid, d.refobjid from pg_depend d
          where d.classid = case r.class when 'pg_inherits'::regclass then 'pg_class'::regclass else r.class end and d.objid = r.object and d.refobjid >= 16384
          and d.refclassid in ('pg_proc'::regclass, 'pg_type'::regclass, 'pg_operator'::regclass, 'pg_opclass'::regclass,
            'pg_opfamily'::regclass, 'pg_cast'::regclass, 'pg_collation'::regclass)
        union all select 'pg_amproc'::regclass, p.oid from pg_amproc p where r.class = 'pg_opfamily'::regclass and p.amprocfamily = r.object
        union all select 'pg_amop'::regclass, o.oid from pg_amop o where r.class = 'pg_opfamily'::regclass and o.amopfamily = r.object
        union all select 'pg_constraint'::regclass, k.oid from pg_constraint k
          where r.class = 'pg_class'::regclass and k.conrelid = r.object and k.contype in ('c', 'x')
        union all select 'pg_constraint'::regclass, k.oid from pg_constraint k
          where r.class = 'pg_type'::regclass and k.contypid = r.object and k.contype in ('c', 'x')
        union all select 'pg_attrdef'::regclass, d.oid from pg_attrdef d join pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum
          where r.class = 'pg_class'::regclass and d.adrelid = r.object and a.attgenerated <> ''
        union all select 'pg_class'::regclass, i.indexrelid from pg_index i where r.class = 'pg_class'::regclass and i.indrelid = r.object
        union all select 'pg_class'::regclass, t.typrelid from pg_type t where r.class = 'pg_type'::regclass and t.oid = r.object and t.typrelid <> 0
        union all select 'pg_type'::regclass, t.typelem from pg_type t where r.class = 'pg_type'::regclass and t.oid = r.object and t.typelem >= 16384
        union all select 'pg_type'::regclass, g.rngsubtype from pg_range g where r.class = 'pg_type'::regclass and g.rngtypid = r.object and g.rngsubtype >= 16384
        -- pg_inherits stands for an ancestor of a partition
        union all select 'pg_inherits'::regclass, i.inhparent from pg_inherits i join pg_class c on c.oid = i.inhrelid
          where r.class in ('pg_class'::regclass, 'pg_inherits'::regclass) and i.inhrelid = r.object and c.relispartition
        union all select 'pg_trigger'::regclass, t.oid from pg_trigger t
          where r.class = 'pg_class'::regclass and t.tgrelid = r.object and t.tgenabled in ('A', 'R')
            and (not t.tgisinternal or t.tgparentid <> 0) -- 14 takes a partition's share of its parent's trigger for an internal one
        union all select 'pg_rewrite'::regclass, w.oid from pg_rewrite w
          where r.class = 'pg_class'::regclass and w.ev_class = r.object and w.ev_enabled in ('A', 'R') and w.rulename <> '_RETURN'
      ) as next(class, object))
    select r.class = 'pg_rewrite'::regclass as rule, p.proowner as owner, o.rolsuper as superuser,
        c.relowner as table_owner, pg_get_userbyid(c.relowner) as table_owner_name, t.rolsuper as table_superuser,
        pg_get_userbyid(c.relowner) = current_user as own, p.oid::regprocedure as function
      from reached r left join pg_proc p on r.class = 'pg_proc'::regclass and p.oid = r.object left join pg_roles o on o.oid = p.proowner
        cross join pg_class c join pg_roles t on t.oid = c.relowner
      where r.class in ('pg_proc'::regclass, 'pg_rewrite'::regclass) and c.oid = relation
      order by o.rolsuper limit 1) code);
end $$;
revoke all on function walcast.row_code from public;
