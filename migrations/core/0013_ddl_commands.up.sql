-- ddl_command_end: the commands of the event, null when none concerns a target (nothing done, temporary objects and the functions and domains
-- that go with them at the end of the session, members of an extension, our own schema); the relations that may have changed, members of extensions included; and their metadata.
create function walcast.ddl_commands(tag text, out commands json, out relations oid[], out metadata json) language plpgsql as $$
declare
  has_heirs boolean;
begin
  select
      json_agg(json_strip_nulls(json_build_object(
        'class', c.classid::regclass,
        'oid', c.objid::bigint,
        'sub', nullif(c.objsubid, 0),
        'tag', c.command_tag,
        'type', c.object_type,
        'schema', c.schema_name,
        'identity', c.object_identity,
        'definition', case when c.object_type = 'index' then pg_get_indexdef(c.objid) when tag <> 'COMMENT' then case c.classid
          -- what literals such as 'now'::timestamp became, of which the text does not tell
          when 'pg_policy'::regclass then (
            select format('ALTER POLICY %I ON %s', p.polname, p.polrelid::regclass)
              || coalesce(' USING (' || pg_get_expr(p.polqual, p.polrelid) || ')', '')
              || coalesce(' WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')', '')
            from pg_policy p where p.oid = c.objid)
          when 'pg_rewrite'::regclass then pg_get_ruledef(c.objid)
          when 'pg_trigger'::regclass then pg_get_triggerdef(c.objid)
          when 'pg_statistic_ext'::regclass then pg_get_statisticsobjdef(c.objid)
          when 'pg_proc'::regclass then (
            select pg_get_functiondef(p.oid) from pg_proc p
            where p.oid = c.objid and p.prokind <> 'a' and (p.prosqlbody is not null or p.pronargdefaults > 0))
          when 'pg_type'::regclass then (
            select coalesce('ALTER DOMAIN ' || t.oid::regtype || ' SET DEFAULT ' || pg_get_expr(t.typdefaultbin, 0) || ';', '') || coalesce((
                select string_agg(format('ALTER DOMAIN %1$s DROP CONSTRAINT %2$I; ALTER DOMAIN %1$s ADD CONSTRAINT %2$I %3$s;',
                  t.oid::regtype, k.conname, pg_get_constraintdef(k.oid)), '' order by k.conname)
                from pg_constraint k where k.contypid = t.oid and k.contype = 'c'), '')
            from pg_type t where t.oid = c.objid and t.typtype = 'd') end end,
        'version', case when c.object_type = 'extension' then
          (select e.extversion from pg_extension e where e.oid = c.objid) end)))
        filter (where not c.in_extension),
      array_agg(distinct case c.classid
        when 'pg_class'::regclass then coalesce((select i.indrelid from pg_index i where i.indexrelid = c.objid), c.objid)
        when 'pg_constraint'::regclass then (select k.conrelid from pg_constraint k where k.oid = c.objid) end)
    into commands, relations
    from pg_event_trigger_ddl_commands() c
    where c.schema_name is distinct from 'pg_temp' and c.schema_name is distinct from 'walcast'
      and not exists (  -- what hangs on a temporary table has no schema
        select from pg_class t
        where t.relpersistence = 't' and t.oid = case c.classid
          when 'pg_trigger'::regclass then (select g.tgrelid from pg_trigger g where g.oid = c.objid)
          when 'pg_policy'::regclass then (select p.polrelid from pg_policy p where p.oid = c.objid)
          when 'pg_rewrite'::regclass then (select w.ev_class from pg_rewrite w where w.oid = c.objid) end)
      and (pg_my_temp_schema() = 0 or c.classid not in ('pg_proc'::regclass, 'pg_type'::regclass) or not exists (
        with recursive needed(class, object) as (
          select c.classid, c.objid
          union
          select d.refclassid, d.refobjid from needed n join pg_depend d on d.classid = n.class and d.objid = n.object
            where d.refclassid in ('pg_type'::regclass, 'pg_class'::regclass, 'pg_proc'::regclass))
        select from needed n where pg_my_temp_schema() = case n.class
          when 'pg_type'::regclass then (select t.typnamespace from pg_type t where t.oid = n.object)
          when 'pg_class'::regclass then (select t.relnamespace from pg_class t where t.oid = n.object) end));
  if tag in ('COMMENT', 'GRANT', 'REVOKE', 'ALTER DEFAULT PRIVILEGES', 'SECURITY LABEL', 'CREATE TRIGGER', 'ALTER TRIGGER',
      'CREATE RULE', 'ALTER RULE', 'CREATE POLICY', 'ALTER POLICY', 'CREATE SEQUENCE', 'ALTER SEQUENCE', 'CREATE STATISTICS',
      'ALTER STATISTICS', 'REFRESH MATERIALIZED VIEW') then
    relations := null;  -- they touch no shape
    return;
  end if;
  if tag = 'ALTER TYPE' and relations is not null then  -- CASCADE: it reports the type, not the tables of the type
    relations := relations || array(
      select t.oid from pg_class c join pg_class t on t.reloftype = c.reltype where c.oid = any (relations) and c.relkind = 'c');
  end if;
  select array_agg(c.oid), bool_or(c.relhassubclass) into relations, has_heirs
    from pg_class c where c.oid = any (relations) and c.relkind in ('r', 'p', 'f', 'v', 'm', 'c') and c.relpersistence <> 't';
  if has_heirs and tag in ('ALTER TABLE', 'ALTER TYPE') then
    relations := walcast.descendants(relations);  -- it reports the parent alone
  end if;
  if tag = 'ALTER TABLE' and commands is not null and current_query() ~* 'concurrently' then
    -- DETACH CONCURRENTLY reports the parent alone; the partition, which has got a CHECK or not, is what its second transaction changes
    relations := relations || array(
      select c.oid from pg_class c
      where c.xmin = pg_current_xact_id()::xid and c.relkind in ('r', 'p', 'f') and c.relpersistence <> 't' and c.oid <> all (relations)
        and c.relnamespace <> 'walcast'::regnamespace);
  end if;
  if commands is not null and relations is not null then
    metadata := (select json_agg(walcast.relation_metadata(r.oid)) from unnest(relations) r(oid));
  end if;
end $$;
revoke all on function walcast.ddl_commands from public;
