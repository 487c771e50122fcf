import { WalcastError } from '../errors/walcast-error.ts';
import type { SqlSession } from '../postgres/sql-session.ts';
import { quoteIdentifier } from '../sql/quote.ts';

/** Columns for `select`; see {@link takesNoChanges}. */
export const READ_ONLY_FACTS = `pg_is_in_recovery()::text as recovery, current_setting('transaction_read_only') as read_only,
  (select source from pg_settings where name = 'default_transaction_read_only') as read_only_source,
  (select sender_host || ':' || sender_port from pg_stat_wal_receiver limit 1) as primary_address,
  current_user::text as current_role, current_database() as current_database`;

export interface Obstacle {
  readonly what: string;
  readonly cure: string;
}

/** Why a server takes no changes, from a row of {@link READ_ONLY_FACTS}. Pure. */
export function takesNoChanges(facts: Readonly<Record<string, string | null>>): Obstacle | undefined {
  if (facts['recovery'] === 'true') {
    const primary = facts['primary_address'] ?? null;
    return {
      what: 'the server is a standby',
      cure: `Connect to the primary${primary === null ? '' : `; this one follows ${primary}`}.`,
    };
  }
  if (facts['read_only'] !== 'on') return undefined;
  const role = quoteIdentifier(facts['current_role'] ?? '');
  const database = quoteIdentifier(facts['current_database'] ?? '');
  const name = 'default_transaction_read_only';
  const source = facts['read_only_source'] ?? '';
  const reset: Readonly<Record<string, string>> = {
    database: `ALTER DATABASE ${database} RESET ${name}`,
    user: `ALTER ROLE ${role} RESET ${name}`,
    'database user': `ALTER ROLE ${role} IN DATABASE ${database} RESET ${name}`,
    client: 'Take it out of the options of the connection URL',
  };
  const whole = `ALTER SYSTEM SET ${name} = off; SELECT pg_reload_conf()`;
  return {
    what: `transactions are read-only here: ${name} is on (${source})`,
    cure: `${reset[source] ?? whole}; or, for walcast alone, add ?options=-c%20${name}%3Doff to its connection URL.`,
  };
}

export async function refuseReadOnly(session: SqlSession): Promise<void> {
  const obstacle = takesNoChanges((await session.query(`select ${READ_ONLY_FACTS}`)).rows[0] ?? {});
  if (obstacle !== undefined) throw new WalcastError('E_SERVER_READ_ONLY', obstacle.what, { hint: obstacle.cure });
}
