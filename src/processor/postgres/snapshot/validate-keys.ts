import { WalcastError } from '../../../errors/walcast-error.ts';
import type { SqlSession } from '../../../postgres/sql-session.ts';
import { quoteIdentifier } from '../../../sql/quote.ts';
import { guardCommit } from '../ddl/commit-guard.ts';
import { RoleRunner } from '../ddl/role-runner.ts';
import { isPostgresFailure } from '../ddl/server-errors.ts';
import { inTransaction } from './in-transaction.ts';
import type { SnapshotContext } from './snapshot-context.ts';
import type { SnapshotHead } from './state-store.ts';

const UNVALIDATED = `
select k.oid::text as oid, c.oid::regclass::text as table, k.conname as name, c.relowner::text as owner, r.rolname as owner_name,
  r.rolsuper as superuser, r.rolname = current_user as own
from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_roles r on r.oid = c.relowner
where k.oid = any ($1::oid[]) and not k.convalidated order by k.oid`;

const FOREIGN_KEY_VIOLATION = '23503';

/** Foreign keys that were made NOT VALID, because their tables were copied under different snapshots: by now all fit together. */
export async function validatePostponed(
  { target }: Pick<SnapshotContext, 'target'>,
  session: SqlSession,
  { postponed }: Pick<SnapshotHead, 'postponed'>,
): Promise<void> {
  const runner = new RoleRunner();
  const { rows } = await session.query(UNVALIDATED, [`{${postponed.join(',')}}`]);
  for (const row of rows) {
    const table = row['table'] ?? '';
    const name = row['name'] ?? '';
    const role = {
      name: row['owner_name'] ?? '',
      oid: row['owner'] ?? '',
      superuser: row['superuser'] === 't',
      own: row['own'] === 't',
    };
    try {
      await inTransaction(session, async () => {
        runner.begin();
        await runner.prepare(session, role);
        await runner.run(session, role, `alter table ${table} validate constraint ${quoteIdentifier(name)}`);
        await runner.clean(session);
        if (runner.userCodeRan) await guardCommit(session);
      });
    } catch (error) {
      if (!isPostgresFailure(error, [FOREIGN_KEY_VIOLATION])) throw error;
      throw new WalcastError(
        'E_TARGET_CONFLICT',
        `foreign key ${name} of ${table} on target ${target} is not fulfilled: ${error.detail ?? error.message}`,
        { cause: error, fields: { table, target, sqlstate: error.sqlstate } },
      );
    }
  }
}
