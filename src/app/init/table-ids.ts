import { SETTINGS } from '../../migrate/settings.ts';
import type { SqlSession } from '../../postgres/sql-session.ts';

/** Gives every table that has none an id; returns how many there were. Those that the triggers see have theirs already. */
export async function fillTableIds(session: SqlSession): Promise<number> {
  await session.execute(`begin isolation level read committed; ${SETTINGS}`);
  const { rows } = await session.query('select walcast.fill_table_ids()::text as filled');
  await session.execute('commit');
  return Number(rows[0]?.['filled'] ?? 0);
}
