import { WalcastError } from '../../errors/walcast-error.ts';
import { sqlstateOf } from '../../postgres/client.ts';
import type { SqlSession } from '../../postgres/sql-session.ts';
import { quoteLiteral, quoteQualified } from '../../sql/quote.ts';
import type { SequenceValue } from '../../wal/snapshot.ts';
import { CONFIGURED, NO_MEMBER, USER_SCHEMA } from './tables.ts';

/** The system answers for any sequence without a look at the sequence by its name. */
const FIRST_WITH_SEQUENCE_DATA = 180000;
/** Sequences a statement: each is a relation to open. */
const PAGE = 200;
const ATTEMPTS = 5;

const SEQUENCES = `
select n.nspname as schema, c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind = 'S' and c.relpersistence <> 't' and ${USER_SCHEMA} and (${NO_MEMBER} or ${CONFIGURED} is not null)
order by 1, 2`;

const SEQUENCE_DATA = `
select n.nspname as schema, c.relname as name, v.last_value::text as last, v.is_called::text as called,
       has_sequence_privilege(c.oid, 'select')::text as readable
from pg_class c join pg_namespace n on n.oid = c.relnamespace cross join lateral pg_get_sequence_data(c.oid) v
where c.relkind = 'S' and c.relpersistence <> 't' and ${USER_SCHEMA} and (${NO_MEMBER} or ${CONFIGURED} is not null)
order by 1, 2`;

type Row = Readonly<Record<string, string | null>>;

/**
 * Where the sequences of users are now; no snapshot holds that. Asked outside of a transaction: reading a sequence locks it against changes
 * until the end of the transaction.
 */
export async function readSequences(catalogs: SqlSession): Promise<SequenceValue[]> {
  const { rows: settings } = await catalogs.query(`select current_setting('server_version_num') as version`);
  const direct = Number(settings[0]?.['version']) >= FIRST_WITH_SEQUENCE_DATA;
  for (let attempt = 1; ; attempt++) {
    try {
      const rows = direct ? (await catalogs.query(SEQUENCE_DATA)).rows : await readEach(catalogs);
      return rows.filter((row) => row['last'] !== null || refuseHidden(row)).map(valueOf);
    } catch (error) {
      const sqlstate = sqlstateOf(error) ?? '';
      if (sqlstate === '42501') throw hidden(error instanceof Error ? error.message : '', error);
      // Dropped or renamed since it was listed.
      if (!['42P01', '3F000', 'XX000'].includes(sqlstate) || attempt === ATTEMPTS) throw error;
    }
  }
}

async function readEach(catalogs: SqlSession): Promise<Row[]> {
  const { rows: names } = await catalogs.query(SEQUENCES);
  const values: Row[] = [];
  for (let at = 0; at < names.length; at += PAGE) {
    const selects = names.slice(at, at + PAGE).map(({ schema, name }) => {
      const [s, n] = [schema ?? '', name ?? ''];
      return `select ${quoteLiteral(s)} as schema, ${quoteLiteral(n)} as name, last_value::text as last, is_called::text as called from ${quoteQualified(s, n)}`;
    });
    values.push(...(await catalogs.query(selects.join(' union all '))).rows);
  }
  return values;
}

/** Null is said of a sequence that was dropped a moment ago, and of one that we may not read. */
function refuseHidden(row: Row): false {
  if (row['readable'] === 'false') throw hidden(`no right to read sequence ${row['schema']}.${row['name']}`);
  return false;
}

function hidden(message: string, cause?: unknown): WalcastError {
  return new WalcastError('E_SNAPSHOT_RIGHTS', message, { cause });
}

function valueOf(row: Row): SequenceValue {
  return {
    schema: row['schema'] ?? '',
    name: row['name'] ?? '',
    lastValue: row['last'] ?? '',
    isCalled: row['called'] === 'true',
  };
}
