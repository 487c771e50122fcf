-- sql_drop, but of ALTER TABLE, whose ddl_command_end is still to come: tables that go lose their record; tables that stay may have lost the key or index that identified their rows.
create function walcast.settle_after_drop() returns void language plpgsql as $$
declare
  relations oid[];
begin
  delete from walcast.chosen_identity k using pg_event_trigger_dropped_objects() d
    where d.classid = 'pg_class'::regclass and d.objsubid = 0 and d.objid = k.relation;
  if not exists (select from walcast.setting s where s.name = 'replica_identity' and s.value = 'auto') then
    return;
  end if;
  relations := array(
    select d.objid from pg_event_trigger_dropped_objects() d where d.object_type = 'table column'
    union
    select c.oid from pg_event_trigger_dropped_objects() d
      join pg_namespace n on n.nspname = d.address_names[1]
      join pg_class c on c.relnamespace = n.oid and c.relname = d.address_names[2]
      where d.object_type = 'table constraint');
  if cardinality(relations) > 0 then
    perform walcast.settle_identities(relations, false);
  end if;
  if exists (select from pg_event_trigger_dropped_objects() d where d.object_type = 'index') then
    -- The table of an index that is gone cannot be told any more: among those that lost theirs it is one that we hold a lock on.
    relations := array(
      select c.oid from pg_class c where c.relreplident = 'i'
        and not exists (select from pg_index i where i.indrelid = c.oid and i.indisreplident));
    if cardinality(relations) > 0 then
      relations := array(
        select l.relation from pg_locks l
        where l.pid = pg_backend_pid() and l.granted and l.relation = any (relations)
          and l.database = (select oid from pg_database where datname = current_database())
          and l.mode in ('AccessExclusiveLock', 'ShareUpdateExclusiveLock'));
      -- CONCURRENTLY holds the weaker lock and has to wait for the other.
      perform walcast.settle_identities(relations, true);
    end if;
  end if;
end $$;
revoke all on function walcast.settle_after_drop from public;
