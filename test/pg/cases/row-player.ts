import type { DdlReplayer } from '../../../src/processor/postgres/ddl/ddl-replayer.ts';
import type { SqlSession, SqlValue } from '../../../src/postgres/sql-session.ts';
import { quoteIdentifier, quoteQualified } from '../../../src/sql/quote.ts';
import type { Relation } from '../../../src/wal/relation.ts';
import { type Field, type SlotMessage, UNCHANGED } from './slot-reader.ts';

export type RowMessage = Extract<SlotMessage, { kind: 'insert' | 'update' | 'delete' }>;

/** Plain row by row, only as good as these suites need it: the daemon's own way of applying rows has its own. */
export async function playRow(
  message: RowMessage,
  relation: Relation,
  replayer: DdlReplayer,
  session: SqlSession,
): Promise<void> {
  const table = quoteQualified(relation.schema, relation.name);
  const types = await columnTypes(session, table);
  const values: SqlValue[] = [];
  const place = (i: number, fields: readonly Field[]): string => {
    const field = fields[i];
    values.push(typeof field === 'string' ? field : null);
    return `$${values.length}::${types.get(relation.columns[i]?.name ?? '')?.type ?? 'text'}`;
  };
  const names = relation.columns.map(({ name }) => quoteIdentifier(name));
  const where = (fields: readonly Field[]): string => {
    const keys = relation.columns.flatMap((column, i) => (column.key ? [i] : []));
    if (relation.replicaIdentity !== 'f') return keys.map((i) => `${names[i]} = ${place(i, fields)}`).join(' and ');
    const image = `row(${keys.map((i) => names[i])})::record operator(pg_catalog.*=) row(${keys.map((i) => place(i, fields))})::record`;
    return `ctid = (select ctid from ${table} where ${image} limit 1)`;
  };
  const sql = (): string => {
    switch (message.kind) {
      case 'insert':
        if (names.length === 0) return `insert into ${table} default values`;
        return `insert into ${table} (${names}) overriding system value values (${names.map((_, i) => place(i, message.after))})`;
      case 'update': {
        const changes = relation.columns.flatMap(({ name }, i) =>
          message.after[i] === UNCHANGED || types.get(name)?.always === true
            ? []
            : [`${quoteIdentifier(name)} = ${place(i, message.after)}`],
        );
        return `update ${table} set ${changes} where ${where(message.before ?? message.after)}`;
      }
      case 'delete':
        return `delete from ${table} where ${where(message.before)}`;
      default:
        return message satisfies never;
    }
  };
  const role = await replayer.userCode.rowRole(session, relation.schema, relation.name);
  const text = sql();
  const hit =
    role === null
      ? (await session.query(text, values)).rowCount
      : await replayer.userCode.runAs(session, role, text, values);
  if (hit !== 1) throw new Error(`${message.kind} on ${table} hit ${hit} rows`);
}

async function columnTypes(
  session: SqlSession,
  table: string,
): Promise<Map<string, { type: string; always: boolean }>> {
  const { rows } = await session.query(
    `select attname, format_type(atttypid, atttypmod) as type, attidentity = 'a' as always
       from pg_attribute where attrelid = to_regclass($1) and attnum > 0 and not attisdropped`,
    [table],
  );
  return new Map(
    rows.map(({ attname, type, always }) => [attname ?? '', { type: type ?? '', always: always === 't' }]),
  );
}
