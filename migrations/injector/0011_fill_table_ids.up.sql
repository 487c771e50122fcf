-- Gives an id to the tables that have none: those that were there before the injector, and those whose making no event told. Returns how
-- many. Above READ COMMITTED, or with the triggers off, a partition may have changed sides unseen: that is put right as well.
create function walcast.fill_table_ids() returns bigint language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
declare
  filled bigint;
begin
  with recursive
    tree(relation, root) as (
      select c.oid, c.oid from pg_class c
      where c.relkind in ('r', 'p') and not c.relispartition and c.relpersistence <> 't' and c.oid >= 16384
        and c.relnamespace <> 'walcast'::regnamespace
      union all
      select c.oid, tree.root
      from tree join pg_inherits i on i.inhparent = tree.relation join pg_class c on c.oid = i.inhrelid
      where c.relispartition and c.relkind in ('r', 'p')),
    known as materialized (
      select tree.relation, tree.root, last.id, last.root as last_root, last.since
      from tree left join (
        select distinct on (t.relation) t.relation, t.since, t.id, t.root from walcast.table_ids t
        order by t.relation, t.since desc) last using (relation)),
    top as materialized (
      select k.relation, case when k.last_root = k.relation then k.id else walcast.random_id() end as id
      from known k where k.relation = k.root),
    added as (
      insert into walcast.table_ids (relation, since, id, root)
        -- what a trigger notes of the same table at this moment is later, and so holds
        select k.relation, case when k.since is null then '0/0' else pg_current_wal_insert_lsn() end, top.id, k.root
        from known k join top on top.relation = k.root
        where k.id is distinct from top.id or k.last_root is distinct from k.root
      returning 1)
  select count(*) into filled from added;
  return filled;
end $$;
revoke all on function walcast.fill_table_ids from public;
