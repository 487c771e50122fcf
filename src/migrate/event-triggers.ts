import { quoteIdentifier } from '../sql/quote.ts';
import type { SqlSession } from '../postgres/sql-session.ts';

interface EventTrigger {
  readonly set: 'core' | 'injector';
  readonly name: string;
  readonly event: 'sql_drop' | 'ddl_command_end' | 'table_rewrite';
  readonly runs: string;
}

/** As the migrations make them; a test holds both together. Their names come before those of other tools, so they fire first. */
const EVENT_TRIGGERS: readonly EventTrigger[] = [
  { set: 'injector', name: '!walcast_0_drop', event: 'sql_drop', runs: 'keep_table_ids' },
  { set: 'injector', name: '!walcast_0_end', event: 'ddl_command_end', runs: 'keep_table_ids' },
  { set: 'core', name: '!walcast_1_drop', event: 'sql_drop', runs: 'note_caller' },
  { set: 'core', name: '!walcast_1_end', event: 'ddl_command_end', runs: 'note_caller' },
  { set: 'core', name: '!walcast_1_rewrite', event: 'table_rewrite', runs: 'note_caller' },
  { set: 'core', name: '!walcast_2_drop', event: 'sql_drop', runs: 'emit' },
  { set: 'core', name: '!walcast_2_end', event: 'ddl_command_end', runs: 'emit' },
  { set: 'core', name: '!walcast_2_rewrite', event: 'table_rewrite', runs: 'emit' },
];

export interface EventTriggerState {
  /** How many fire, whatever a session calls itself. */
  readonly enabled: number;
  /** The others, with what is wrong where they are not plainly disabled: `!walcast_2_end (gone)`. */
  readonly disabled: readonly string[];
}

const THERE = `
select t.evtname as name, t.evtenabled as mode, p.proname as runs
from pg_event_trigger t join pg_proc p on p.oid = t.evtfoid join pg_namespace n on n.oid = p.pronamespace
where n.nspname = 'walcast'`;

const WRONG: Readonly<Record<string, string>> = {
  D: '',
  O: ' (not in sessions that are replicas)',
  R: ' (only in sessions that are replicas)',
};

/** What of the event triggers of these sets does its work. */
export async function eventTriggerState(session: SqlSession, sets: readonly string[]): Promise<EventTriggerState> {
  const modes = await modesOf(session);
  const expected = EVENT_TRIGGERS.filter(({ set }) => sets.includes(set));
  const disabled = expected
    .filter(({ name }) => modes.get(name) !== 'A')
    .map(({ name }) => `${name}${WRONG[modes.get(name) ?? ''] ?? ' (gone)'}`);
  return { enabled: expected.length - disabled.length, disabled };
}

/** Makes those that somebody dropped. Their functions have to be there. Returns their names. */
export async function remakeEventTriggers(session: SqlSession, sets: readonly string[]): Promise<string[]> {
  const modes = await modesOf(session);
  const gone = EVENT_TRIGGERS.filter(({ set, name }) => sets.includes(set) && !modes.has(name));
  if (gone.length === 0) return [];
  const statements = gone.map(
    ({ name, event, runs }) =>
      `create event trigger ${quoteIdentifier(name)} on ${event} execute function walcast.${runs}(); alter event trigger ${quoteIdentifier(name)} enable always`,
  );
  // all at once: a message without the note of who made the command is of no use
  await session.execute(`begin; ${statements.join('; ')}; commit`);
  return gone.map(({ name }) => name);
}

async function modesOf(session: SqlSession): Promise<ReadonlyMap<string, string>> {
  const { rows } = await session.query(THERE);
  const found = rows.filter((row) =>
    EVENT_TRIGGERS.some(({ name, runs }) => name === row['name'] && runs === row['runs']),
  );
  return new Map(found.map((row) => [row['name'] ?? '', row['mode'] ?? '']));
}
