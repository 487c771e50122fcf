-- The second of the two functions of each event: writes one signed transactional message a command. SECURITY DEFINER with every setting
-- pinned that shapes what is printed; returns event_trigger, so that nobody can call it.
--
-- No EXCEPTION block may enclose a pg_logical_emit_message: the message would belong to a subtransaction and could arrive after the rows
-- that need it. What may fail is done first, in a block of its own that only reads: it gets no transaction id. A user's DDL never fails
-- because of it, the event then says `degraded`: not even where somebody has disabled or dropped the other function's trigger, or where the
-- owner of this one is no superuser any more.
create function walcast.emit() returns event_trigger language plpgsql security definer
  set search_path = pg_catalog, pg_temp
  set row_security = off
  set DateStyle = 'ISO, MDY'
  set IntervalStyle = 'postgres'
  set TimeZone = 'UTC'
  set extra_float_digits = 3
  set bytea_output = 'hex'
  set quote_all_identifiers = off
  set standard_conforming_strings = on
  set xmlbinary = 'base64'
  set lc_monetary = 'C'
  -- plans with arrays as parameters would be made anew at every call; one made while the catalog is small would scan it whole for the
  -- thousands of tables that the same session makes after
  set plan_cache_mode = force_generic_plan
  set enable_seqscan = off
  set enable_hashjoin = off
  set enable_mergejoin = off
  set jit = off
as $$
declare
  phase constant text := case tg_event when 'sql_drop' then 'drop' when 'table_rewrite' then 'rewrite' else 'end' end;
  client_text constant text := coalesce(current_query(), '');
  text_id constant text := concat_ws(':', extract(epoch from statement_timestamp()), octet_length(client_text));
  signed_head constant text := concat_ws(E'\n', 'walcast', (select oid from pg_database where datname = current_database()),
    pg_current_xact_id()::xid, '');
  signature text;
  text_mark text;
  send_text boolean;
  context text;
  sql_function text;
  function_body json;
  event record;
  relations oid[];
  details text;
  caller text;
  settling text;
  injected text;
  message text;
  rewrite record;
  stored refcursor;
  stored_row text;
  fields text[];
  bytes bigint;
  total_bytes bigint;
  backfill_limit bigint;
  chunk int;
  finished boolean;
  resync boolean;
begin
  begin
    perform set_config('lc_messages', 'C', true);
    get diagnostics context = pg_context;
    raise exception using errcode = 'WC000';
  exception when others then
    null;  -- and the setting is as it was
  end;
  if context is null then  -- that setting is not allowed to the owner
    get diagnostics context = pg_context;
  end if;
  context := substr(context, position(E'\n' in context || E'\n') + 1);  -- without our own frame
  if tg_tag = 'REINDEX' or (phase = 'end' and tg_tag like 'DROP %' and tg_tag <> 'DROP OWNED') then
    return;  -- a DROP is told whole by its sql_drop
  end if;

  -- Without the trigger that notes it, whatever stands there was written by a user. No target has a role without a name.
  caller := case when exists (
      select from pg_event_trigger t where t.evtname = '!walcast_1_' || phase
        and (t.evtenabled = 'A' or t.evtenabled = 'O' and current_setting('session_replication_role') <> 'replica'
          or t.evtenabled = 'R' and current_setting('session_replication_role') = 'replica'))
    then current_setting('walcast.caller', true)
    else '{"role":"","search_path":"","settings":{}}' end;

  if phase = 'rewrite' then
    insert into walcast.rewritten (transaction, relation, reason)
      select pg_current_xact_id(), c.oid, pg_event_trigger_table_rewrite_reason() from pg_class c
      where c.oid = pg_event_trigger_table_rewrite_oid() and c.relpersistence <> 't'
        and c.relnamespace <> 'walcast'::regnamespace  -- our key is in a rewritten table
      returning json_build_object('oid', relation::bigint, 'reason', reason)::text into details;
    if details is null then
      return;
    end if;
  end if;

  -- The client's text goes out once per client statement and (sub)transaction: the mark disappears when what was sent with it does. It is
  -- signed, since users can set it too.
  signature := walcast.mac(signed_head || text_id);
  text_mark := text_id || ':' || signature;
  send_text := client_text <> '' and octet_length(client_text) <= 67108864
    and current_setting('walcast.text_sent', true) is distinct from text_mark;

  begin
    if phase = 'drop' then
      details := walcast.dropped_objects()::text;
      details := '{"dropped":' || details || '}';
    elsif phase = 'end' then
      event := walcast.ddl_commands(tg_tag);
      relations := event.relations;
      details := '{"commands":' || event.commands || coalesce(',"relations":' || event.metadata, '') || '}';
      -- Their names come before all others: a statement of the same text that means them brought no event. GRANT and REVOKE tell no
      -- object at all.
      if details is not null and pg_my_temp_schema() <> 0 then
        details := rtrim(details, '}') || coalesce(',"temporary":' || (
          select json_agg(c.relname) from pg_class c where c.relnamespace = pg_my_temp_schema() and c.relkind in ('r', 'p', 'S', 'v', 'i')), '') || '}';
      end if;
    end if;
    if details is not null then
      settling := split_part(coalesce(current_setting('walcast.settling', true), ''), ':', 1);
      if settling <> '' and split_part(current_setting('walcast.settling'), ':', 2) = walcast.mac(signed_head || E'settling\n' || settling) then
        -- Our own ALTER TABLE, nested in a user's command: on the target it is the owner's. The context would not prove it: it holds the
        -- texts of users.
        caller := caller::jsonb || jsonb_build_object('role', (
          select pg_get_userbyid(c.relowner) from pg_class c where c.oid = settling::oid));
      end if;
      -- The ids of the tables, if the injector is there: its trigger has fired right before. Signed, because anybody can write a setting.
      injected := coalesce(current_setting('walcast.table_ids', true), '');
      if phase = 'rewrite' or substr(injected, 65, 1) <> ':'
          or left(injected, 64) <> walcast.mac(signed_head || E'table_ids\n' || substr(injected, 66)) then
        injected := '';
      end if;
      sql_function := substring(context from '^SQL function "(.*)" statement \d+');
      if sql_function is not null then
        function_body := (select json_agg(p.prosrc) from (
          select prosrc from pg_proc where proname = sql_function and prolang = 14 order by oid limit 5) p);
      end if;
      -- put together as text: json functions would parse the metadata again
      message := rtrim(json_strip_nulls(json_build_object(
          'v', 1, 'kind', 'ddl', 'iso', current_setting('transaction_isolation') <> 'read committed',
          'server_version_num', current_setting('server_version_num')::int, 'at', pg_current_wal_insert_lsn(),
          'phase', phase, 'tag', tg_tag, 'text_id', text_id,
          'text', case when send_text then client_text end, 'context', nullif(context, ''), 'function_body', function_body))::text, '}')
        || case when injected <> '' then ',"table_ids":' || substr(injected, 66) else '' end
        || ',"caller":' || caller || ',"details":' || details || '}';
      if octet_length(message) > 251658240 then
        raise exception using errcode = 'program_limit_exceeded', message = 'the message is longer than 240 MB';
      end if;
      signature := walcast.mac(signed_head || message);
    end if;
  exception when others then
    send_text := send_text and octet_length(client_text) <= 16777216;
    message := json_strip_nulls(json_build_object(
      'v', 1, 'kind', 'degraded', 'iso', current_setting('transaction_isolation') <> 'read committed',
      'server_version_num', current_setting('server_version_num')::int, 'at', pg_current_wal_insert_lsn(),
      'phase', phase, 'tag', tg_tag, 'caller', caller::json, 'text_id', text_id,
      'text', case when send_text then client_text end,
      'context', case when octet_length(context) <= 16777216 then nullif(context, '') end,
      'failure', sqlstate || ' ' || sqlerrm))::text;
    signature := walcast.mac(signed_head || message);
  end;

  if message is not null then  -- else nothing done (IF NOT EXISTS), temporary, member of an extension, or our own
    perform pg_logical_emit_message(true, 'walcast', '{"mac":"' || signature || '",' || substr(message, 2));
    if send_text then
      perform set_config('walcast.text_sent', text_mark, true);
    end if;
  end if;

  -- Rows made by a rewrite are not in the WAL. Reasons: 1 persistence, 2 default, 4 type.
  if phase = 'end' and tg_tag like 'ALTER %' then
    for rewrite in
      with done as (
        delete from walcast.rewritten n
          where n.transaction = pg_current_xact_id()
            -- not those of an outer ALTER TABLE, which isn't finished
            and (tg_tag <> 'ALTER TABLE' or relations is null or n.relation = any (relations))
          returning n.relation, n.reason)
      select d.relation, bit_or(d.reason) as reason from done d group by d.relation
    loop
      continue when rewrite.reason & 7 = 0
        or not exists (select from pg_class where oid = rewrite.relation and relpersistence = 'p');
      chunk := 0;
      stored := null;
      total_bytes := 0;
      finished := false;
      resync := false;
      backfill_limit := (select s.value::bigint from walcast.setting s where s.name = 'backfill_limit_bytes');
      loop
        chunk := chunk + 1;
        fields := '{}';
        bytes := 0;
        begin
          if chunk > 1 then
            null;
          elsif pg_table_size(rewrite.relation) > backfill_limit then
            resync := true;
          else
            perform set_config('enable_seqscan', 'on', true);
            open stored no scroll for execute walcast.row_query(rewrite.relation);
            perform set_config('enable_seqscan', 'off', true);
          end if;
          while bytes < 1048576 and not resync and not finished loop
            fetch stored into stored_row;
            if found then
              fields := array_append(fields, stored_row);
              bytes := bytes + octet_length(stored_row);
            else
              finished := true;
            end if;
          end loop;
          total_bytes := total_bytes + bytes;
          -- Compressed values may be a hundred times as long as what they take on disk.
          resync := resync or bytes > 134217728 or total_bytes > 2 * backfill_limit;
        exception when others then
          resync := true;
        end;
        message := rtrim(json_build_object('v', 1, 'kind', 'rows', 'iso', current_setting('transaction_isolation') <> 'read committed',
            'server_version_num', current_setting('server_version_num')::int, 'at', pg_current_wal_insert_lsn(),
            'oid', rewrite.relation::bigint, 'resync', resync, 'chunk', chunk)::text, '}')
          || case when finished or resync then ', "chunks" : ' || chunk else '' end
          || case when resync then '' else ', "rows" : [' || array_to_string(fields, ',') || ']' end || '}';
        perform pg_logical_emit_message(true, 'walcast',
          '{"mac":"' || walcast.mac(signed_head || message) || '",' || substr(message, 2));
        exit when finished or resync;
      end loop;
      begin
        close stored;  -- an open cursor could be read by the user
      exception when others then
        null;  -- it never came to be, or went with what failed
      end;
    end loop;
  end if;

  if phase = 'drop' and tg_tag <> 'ALTER TABLE' then
    perform walcast.settle_after_drop();
  elsif cardinality(relations) > 0 and tg_tag in ('CREATE TABLE', 'CREATE TABLE AS', 'SELECT INTO', 'CREATE SCHEMA', 'ALTER TABLE',
      'ALTER TYPE') then
    perform walcast.settle_identities(relations, false);
  end if;
end $$;
revoke all on function walcast.emit from public;
