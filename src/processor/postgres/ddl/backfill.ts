import { WalcastError } from '../../../errors/walcast-error.ts';
import type { SqlSession, SqlValue } from '../../../postgres/sql-session.ts';
import { quoteIdentifier, quoteQualified } from '../../../sql/quote.ts';
import type { BackfillEvent } from '../../../wal/ddl-event.ts';
import type { TableMetadata } from '../../../wal/table-metadata.ts';
import type { UserCode } from './user-code.ts';

/** A Bind message counts its parameters in 16 bits. */
const MAX_PARAMETERS = 60_000;

/** Replaces the rows of a rewritten table: all of them, so that changed keys and tables without a key are no special case. */
export async function writeBackfill(
  event: BackfillEvent,
  table: TableMetadata,
  userCode: UserCode,
  session: SqlSession,
): Promise<number> {
  const name = quoteQualified(table.schema, table.name);
  const columns = (table.columns ?? []).filter(({ generated }) => generated === undefined);
  const role = await userCode.rowRole(session, table.schema, table.name);
  const run = async (sql: string, values: readonly SqlValue[]): Promise<number> =>
    role === null ? (await session.query(sql, values)).rowCount : await userCode.runAs(session, role, sql, values);

  if (event.chunk === 1) await run(`delete from only ${name}`, []);
  const rows = event.rows ?? [];
  const perStatement = Math.max(1, Math.trunc(MAX_PARAMETERS / Math.max(1, columns.length)));
  let written = 0;
  for (let from = 0; from < rows.length; from += perStatement) {
    const some = rows.slice(from, from + perStatement);
    const tuples = some.map(
      (_, row) => `(${columns.map(({ type }, i) => `$${row * columns.length + i + 1}::${type}`).join(', ')})`,
    );
    const names = columns.map((column) => quoteIdentifier(column.name)).join(', ');
    written += await run(
      `insert into ${name} (${names}) overriding system value values ${tuples.join(', ')}`,
      some.flat(),
    );
  }
  if (written !== rows.length) {
    throw new WalcastError(
      'E_TARGET_CONFLICT',
      `${rows.length} rows came for the rewritten table ${table.schema}.${table.name}, ${written} went in.`,
      {
        fields: { table: `${table.schema}.${table.name}` },
      },
    );
  }
  return written;
}
