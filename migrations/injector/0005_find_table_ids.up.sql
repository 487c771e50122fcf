-- ddl_command_end: the tables that the command touched, the ids that they have from now on, and which of these are new. Only reads.
--
-- Above READ COMMITTED the rows of others may be invisible although what they made is there already. So only what the command itself made
-- gets an id of its own then; any other table without one is left to the next command, or to `init`.
create function walcast.find_table_ids(tag text, out relations oid[], out ids text[], out roots oid[], out news boolean[])
language plpgsql as $$
declare
  made oid[];
  touched oid[];
  -- Others that could find the same table without an id at the same moment are kept out by its lock; CREATE INDEX has none of that kind.
  may_fill constant boolean := tag in ('ALTER TABLE', 'CREATE TABLE')
    and current_setting('transaction_isolation') in ('read committed', 'read uncommitted');
begin
  if tag in ('COMMENT', 'GRANT', 'REVOKE', 'ALTER DEFAULT PRIVILEGES', 'SECURITY LABEL', 'CREATE TRIGGER', 'ALTER TRIGGER',
      'CREATE RULE', 'ALTER RULE', 'CREATE POLICY', 'ALTER POLICY', 'CREATE SEQUENCE', 'ALTER SEQUENCE', 'CREATE STATISTICS',
      'ALTER STATISTICS', 'REFRESH MATERIALIZED VIEW') then
    return;  -- they touch no shape
  end if;
  select array_agg(c.objid) filter (where c.command_tag in ('CREATE TABLE', 'CREATE TABLE AS', 'SELECT INTO')),
      array_agg(distinct case c.classid
        when 'pg_class'::regclass then coalesce((select i.indrelid from pg_index i where i.indexrelid = c.objid), c.objid)
        when 'pg_constraint'::regclass then (select k.conrelid from pg_constraint k where k.oid = c.objid) end)
    into made, touched
    from pg_event_trigger_ddl_commands() c;
  touched := array(
    select c.oid from pg_class c
    where c.oid = any (touched) and c.oid >= 16384 and c.relkind in ('r', 'p') and c.relpersistence <> 't'
      and c.relnamespace <> 'walcast'::regnamespace);
  if cardinality(touched) = 0 then
    return;
  end if;
  if tag = 'ALTER TABLE' then  -- DETACH PARTITION reports the parent alone
    touched := touched || array(
      select t.relation from walcast.table_ids t join pg_class c on c.oid = t.relation
      where t.root in (
          select coalesce(pg_partition_root(p.oid), p.oid) from pg_class p where p.oid = any (touched) and p.relkind = 'p')
        and t.root <> t.relation and not c.relispartition
        and not exists (select from walcast.table_ids later where later.relation = t.relation and later.since > t.since));
  end if;
  with recursive
    tree(relation, root) as (
      select t.oid, coalesce(pg_partition_root(t.oid), t.oid)::oid from unnest(touched) t(oid)
      union
      select c.oid, case when c.relispartition then tree.root else c.oid end
      from tree join pg_inherits i on i.inhparent = tree.relation join pg_class c on c.oid = i.inhrelid
      where tag = 'ALTER TABLE' and c.relkind in ('r', 'p')),  -- it reports the parent alone
    known as materialized (
      select m.relation, m.root, m.relation = any (coalesce(made, '{}')) as made, last.id, last.root as last_root
      from (select relation, root from tree union select root, root from tree) m
        left join lateral (
          select t.id, t.root from walcast.table_ids t where t.relation = m.relation order by t.since desc limit 1) last on true),
    top as materialized (
      select k.relation, case
        when not k.made and k.last_root = k.relation then k.id
        when k.made or may_fill then walcast.random_id() end as id
      from known k where k.relation = k.root)
  select array_agg(k.relation), array_agg(top.id), array_agg(k.root),
      array_agg(k.made or k.id is distinct from top.id or k.last_root is distinct from k.root)
    into relations, ids, roots, news
    from known k join top on top.relation = k.root
    where top.id is not null;
end $$;
revoke all on function walcast.find_table_ids from public;
