-- sql_drop: what the command dropped, without what follows from the rest by itself. Null: nothing that concerns a target, which what goes along with a
-- temporary object does not: no target had it.
create function walcast.dropped_objects() returns json language plpgsql as $$
begin
  return (
    select json_agg(json_strip_nulls(json_build_object(
      'class', d.classid::regclass,
      'oid', d.objid::bigint,
      'sub', nullif(d.objsubid, 0),
      'type', d.object_type,
      'schema', d.schema_name,
      'identity', d.object_identity,
      'names', d.address_names,
      'args', d.address_args,
      'original', d.original)))
    from pg_event_trigger_dropped_objects() d
    where not d.is_temporary
      and d.address_names[1] is distinct from 'pg_temp'  -- triggers, rules and policies of temporary tables
      and d.schema_name is distinct from 'pg_toast'
      and d.schema_name is distinct from 'walcast'
      and (d.original or d.object_type not in ('default value', 'type', 'trigger', 'rule', 'toast table'))
    having bool_or(d.original)
      or not exists (select from pg_event_trigger_dropped_objects() o where o.original and o.is_temporary));
end $$;
revoke all on function walcast.dropped_objects from public;
