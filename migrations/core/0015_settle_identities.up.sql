-- A published table without a usable replica identity makes its users' UPDATE and DELETE fail. The key if there is one, else a unique
-- index that can serve, else the whole row. Tables that get a key later go back to it. What is altered here is DDL like any other.
--
-- Altering takes an exclusive lock. A user's command that changes what identifies a table's rows holds it already; for any other table of
-- the list `patient` says whether to wait for it, or to leave that table to `init`.
--
-- Event triggers of other tools may refuse an ALTER TABLE, or do something about it. Ours is none of their business, and a user's CREATE
-- TABLE must not fail for it: it is altered as in a session that is a replica, where they do not fire, ours still do. One that fires there
-- too may keep the table from its identity, which is told. Setting the role flushes all plans: not done where there is nobody.
create function walcast.settle_identities(relations oid[], patient boolean) returns void language plpgsql as $$
declare
  -- before 18 a generated column is not in the stream: a key that holds one identifies nothing there
  generated_published constant boolean := current_setting('server_version_num')::int >= 180000;
  t record;
  chosen_now "char";
  others boolean;
  command text;
  session_role text;
begin
  if not exists (  -- the usual case, cheaply: every table has its key
      select from pg_class c
      where c.oid = any (relations) and c.relkind in ('r', 'p') and c.relpersistence = 'p'
        and (c.relreplident <> 'd' or not exists (
          select from pg_index i where i.indrelid = c.oid and i.indisprimary and i.indimmediate and i.indisvalid
            and (generated_published or not exists (select from pg_attribute a
              where a.attrelid = c.oid and a.attnum = any (i.indkey::int2[]) and a.attgenerated <> ''))))) then
    return;
  end if;
  if not (select r.rolsuper from pg_roles r where r.rolname = current_user) then
    return;  -- no longer: it may not alter the tables of others
  end if;
  if not patient and not exists (select from walcast.setting s where s.name = 'replica_identity' and s.value = 'auto') then
    return;
  end if;
  others := exists (
    select from pg_event_trigger e join pg_proc p on p.oid = e.evtfoid
    where p.pronamespace <> 'walcast'::regnamespace and e.evtenabled <> 'D');
  for t in
    select c.oid, format('%I.%I', n.nspname, c.relname) as name, c.relreplident as identity, state.has_key, ours.previous,
      state.virtual, (
        select ic.relname from pg_index i join pg_class ic on ic.oid = i.indexrelid
        where i.indrelid = c.oid and i.indisunique and i.indimmediate and i.indisvalid and not i.indisexclusion
          and i.indpred is null and i.indexprs is null
          and not exists (
            select from unnest(i.indkey::int2[]) with ordinality k(num, position)
              join pg_attribute a on a.attrelid = c.oid and a.attnum = k.num
            where k.position <= i.indnkeyatts and (not a.attnotnull or (a.attgenerated <> '' and not generated_published) or exists (
              select from pg_constraint n  -- PostgreSQL 18: not null, but not for the rows of before
              where n.conrelid = c.oid and n.contype = 'n' and not n.convalidated and n.conkey[1] = a.attnum)))
        order by i.indnkeyatts, ic.relname limit 1) as unique_index
    from pg_class c
      join pg_namespace n on n.oid = c.relnamespace
      left join walcast.chosen_identity ours on ours.relation = c.oid and ours.chosen = c.relreplident
      cross join lateral (select
        exists (select from pg_index i
          where i.indrelid = c.oid and i.indisprimary and i.indimmediate and i.indisvalid
            and (generated_published or not exists (select from pg_attribute a
              where a.attrelid = c.oid and a.attnum = any (i.indkey::int2[]) and a.attgenerated <> ''))) as has_key,
        exists (select from pg_index i where i.indrelid = c.oid and i.indisreplident and i.indisvalid) as has_index,
        exists (select from pg_attribute a
          where a.attrelid = c.oid and a.attgenerated = 'v' and not a.attisdropped) as virtual) state
    where c.oid = any (relations) and c.oid >= 16384 and n.nspname <> 'walcast'
      and c.relkind in ('r', 'p') and c.relpersistence = 'p'
      and case c.relreplident
        when 'd' then not state.has_key
        when 'i' then not state.has_index or (ours.relation is not null and state.has_key)
        when 'f' then (ours.relation is not null and state.has_key) or state.virtual
        else true end
    order by c.oid
  loop
    if not patient then
      begin
        execute format('lock table only %s in access exclusive mode nowait', t.name);
      exception when lock_not_available then
        continue;
      end;
    end if;
    if not t.has_key and t.unique_index is null and t.virtual then
      raise warning 'walcast: UPDATE and DELETE of % will fail: it needs a primary key', t.name
        using detail = 'A published table with virtual generated columns cannot be identified by its whole row.';
      continue;
    end if;
    chosen_now := case when t.has_key then 'd' when t.unique_index is not null then 'i' else 'f' end;
    delete from walcast.chosen_identity where relation = t.oid;
    -- An index identity whose index is gone counts as none: PostgreSQL cannot go back to it, so DEFAULT takes its place.
    if chosen_now <> 'd' or coalesce(t.previous, t.identity) = 'n' then
      insert into walcast.chosen_identity (relation, previous, chosen)
        values (t.oid, case when coalesce(t.previous, t.identity) = 'n' then 'n' else 'd' end, chosen_now)
        on conflict (relation) do update set chosen = excluded.chosen;
    end if;
    -- Tells the trigger that this command is ours. Signed and gone right after: a user can neither make the mark nor see it.
    perform set_config('walcast.settling', t.oid || ':' || walcast.mac(concat_ws(E'\n', 'walcast',
      (select oid from pg_database where datname = current_database()), pg_current_xact_id()::xid, 'settling', t.oid)), true);
    command := format('alter table only %s replica identity ', t.name)
      || case chosen_now when 'd' then 'default' when 'i' then format('using index %I', t.unique_index) else 'full' end;
    if others then
      begin
        session_role := current_setting('session_replication_role');
        perform set_config('session_replication_role', 'replica', true);
        execute command;
        perform set_config('session_replication_role', session_role, true);
      exception when others then
        raise warning 'walcast: UPDATE and DELETE of % may fail: its replica identity could not be set', t.name
          using detail = sqlerrm;
      end;
    else
      execute command;
    end if;
    perform set_config('walcast.settling', '', true);
  end loop;
end $$;
revoke all on function walcast.settle_identities from public;
