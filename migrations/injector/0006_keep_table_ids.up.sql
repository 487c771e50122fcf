-- Keeps walcast.table_ids, and leaves the ids of the tables that the command touched in a transaction-local setting, from which the core
-- puts them into its message. Fires before the triggers of the core, by its name. Signed with the core's key where the core is there, since
-- anybody can write a setting; without the core nobody reads it.
--
-- A user's DDL never fails because of it: what may fail is done first, in blocks that only read. Nor does it wait: rows are added, never
-- changed, and the old ones that it deletes are those that nobody else holds.
create function walcast.keep_table_ids() returns event_trigger language plpgsql security definer
  set search_path = pg_catalog, pg_temp
  set row_security = off
  -- see walcast.emit
  set plan_cache_mode = force_generic_plan
  set enable_seqscan = off
  set enable_hashjoin = off
  set enable_mergejoin = off
  set jit = off
as $$
declare
  read_committed constant boolean := current_setting('transaction_isolation') in ('read committed', 'read uncommitted');
  dropped oid[];
  touched oid[];
  touched_ids text[];
  roots oid[];
  news boolean[];
  needed_from pg_lsn;
  ids text;
  mark text := '';
begin
  begin
    if tg_event = 'sql_drop' then
      select array_agg(d.objid), json_object_agg(d.objid::bigint, last.id) filter (where last.id is not null)
        into dropped, ids
        from pg_event_trigger_dropped_objects() d
          left join lateral (
            select t.id from walcast.table_ids t where t.relation = d.objid order by t.since desc limit 1) last on true
        where d.classid = 'pg_class'::regclass and d.objsubid = 0 and d.object_type = 'table' and not d.is_temporary
          and d.schema_name <> 'walcast';
      if dropped is not null and read_committed then
        needed_from := coalesce(
          (select min(s.restart_lsn) from pg_replication_slots s where s.database = current_database()), pg_current_wal_insert_lsn());
      end if;
    else
      select f.relations, f.ids, f.roots, f.news into touched, touched_ids, roots, news from walcast.find_table_ids(tg_tag) f;
      ids := (select json_object_agg(t.relation::bigint, t.id) from unnest(touched, touched_ids) t(relation, id));
    end if;
  exception when others then
    dropped := null;
    news := null;
    ids := null;
  end;
  ids := coalesce(ids, '{}');
  begin
    if to_regprocedure('walcast.mac(text)') is not null then
      mark := walcast.mac(concat_ws(E'\n', 'walcast', (select oid from pg_database where datname = current_database()),
        pg_current_xact_id()::xid, 'table_ids', ids)) || ':' || ids;
    end if;
  exception when others then
    mark := '';
  end;
  perform set_config('walcast.table_ids', mark, true);

  if dropped is not null then
    insert into walcast.table_ids (relation, since)
      select d.relation, pg_current_wal_insert_lsn() from unnest(dropped) d(relation);
    delete from walcast.table_ids t
      using (
        select g.relation, g.since from walcast.table_ids g where g.id is null and g.since < needed_from
        order by g.since limit 100 for update skip locked) gone
      where t.relation = gone.relation and t.since <= gone.since;
  elsif true = any (news) then
    insert into walcast.table_ids (relation, since, id, root)
      select t.relation, pg_current_wal_insert_lsn(), t.id, t.root
      from unnest(touched, touched_ids, roots, news) t(relation, id, root, new)
      where t.new;
  end if;
end $$;
revoke all on function walcast.keep_table_ids from public;
