const TRIGGERS = `select evtname from pg_catalog.pg_event_trigger t join pg_catalog.pg_proc p on p.oid = t.evtfoid
      where p.pronamespace = 'walcast'::pg_catalog.regnamespace`;

/**
 * Around a migration: what it does is no DDL of the source's users, and not all of it can be told from theirs (GRANT and REVOKE name no
 * object to event triggers). Transactional; other sessions never see the triggers disabled.
 */
export const SILENCE = forEachTrigger('disable');
export const SPEAK = forEachTrigger('enable always');

function forEachTrigger(action: string): string {
  return `do $$
declare
  trigger pg_catalog.text;
begin
  if pg_catalog.to_regnamespace('walcast') is null then
    return;
  end if;
  for trigger in ${TRIGGERS} loop
    execute pg_catalog.format('alter event trigger %I ${action}', trigger);
  end loop;
end $$`;
}
