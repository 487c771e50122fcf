-- Compare and set, or an error that takes the whole transaction with it: travelling in one message with COMMIT, it lets neither the
-- successor of a failed group nor a second daemon commit. `previous` null makes the row and refuses to find one.
-- Every name and operator is qualified and nothing is SET: replayed statements may leave any search_path behind.
create function walcast.advance_checkpoint(
  system_identifier text, database text, pipeline text, previous pg_lsn, next pg_lsn, timeline int, slot_id uuid
) returns void language plpgsql as $$
declare
  found_lsn pg_catalog.pg_lsn;
  found_slot pg_catalog.uuid;
begin
  if advance_checkpoint.previous is null then
    insert into walcast.checkpoint (system_identifier, database, pipeline, timeline, slot_id, lsn)
      values (advance_checkpoint.system_identifier, advance_checkpoint.database, advance_checkpoint.pipeline,
        advance_checkpoint.timeline, advance_checkpoint.slot_id, advance_checkpoint.next)
      on conflict do nothing;
  elsif advance_checkpoint.next operator(pg_catalog.>=) advance_checkpoint.previous then
    update walcast.checkpoint c
      set lsn = advance_checkpoint.next, timeline = advance_checkpoint.timeline, updated_at = pg_catalog.clock_timestamp()
      where c.system_identifier operator(pg_catalog.=) advance_checkpoint.system_identifier
        and c.database operator(pg_catalog.=) advance_checkpoint.database
        and c.pipeline operator(pg_catalog.=) advance_checkpoint.pipeline
        and c.slot_id operator(pg_catalog.=) advance_checkpoint.slot_id
        and c.lsn operator(pg_catalog.=) advance_checkpoint.previous;
  end if;
  if found then
    return;
  end if;
  select c.lsn, c.slot_id into found_lsn, found_slot from walcast.checkpoint c
    where c.system_identifier operator(pg_catalog.=) advance_checkpoint.system_identifier
      and c.database operator(pg_catalog.=) advance_checkpoint.database
      and c.pipeline operator(pg_catalog.=) advance_checkpoint.pipeline;
  raise exception using errcode = 'WC001',
    message = pg_catalog.format('the checkpoint of %s is not where this transaction expects it', advance_checkpoint.pipeline),
    detail = pg_catalog.format('expected %s of slot %s to become %s, found %s of slot %s',
      coalesce(advance_checkpoint.previous::pg_catalog.text, 'none'), advance_checkpoint.slot_id, advance_checkpoint.next,
      coalesce(found_lsn::pg_catalog.text, 'none'), coalesce(found_slot::pg_catalog.text, 'none'));
end $$;
revoke all on function walcast.advance_checkpoint from public;
