import { WalcastError } from '../../../errors/walcast-error.ts';
import type { SqlSession } from '../../../postgres/sql-session.ts';
import type { DdlCommandEvent } from '../../../wal/ddl-event.ts';
import { formatLsn, parseLsn } from '../../../wal/lsn.ts';
import type { SourceIdentity } from '../../../wal/processor.ts';
import type {
  Cut,
  KeyRange,
  OnExisting,
  RangeKey,
  RangeState,
  SchemaScript,
  SchemaSection,
  SnapshotPhase,
  SnapshotState,
  SnapshotTable,
  TableCopyState,
  TableState,
} from '../../../wal/snapshot.ts';
import { formatSnapshot, parseSnapshot } from '../../../wal/visibility.ts';

/** What stands in walcast.snapshot itself. */
export interface SnapshotHead {
  readonly id: string;
  readonly phase: SnapshotPhase;
  readonly onExisting: OnExisting;
  readonly schema: Cut;
  /** Oids of foreign keys that wait for their validation. */
  readonly postponed: readonly number[];
}

/** A statement of the script that did not run yet. */
export interface StoredStatement {
  readonly number: number;
  readonly event: DdlCommandEvent;
}

const HEAD = `
select id::text as id, phase, on_existing, schema_snapshot, schema_until::text as schema_until, to_json(postponed)::text as postponed
from walcast.snapshot where system_identifier = $1 and database = $2 and pipeline = $3`;
const TABLES = `
select t.number::text as number, t.oid::text as oid, t.definition::text as definition, t.state, t.key_column, t.key_kind
from walcast.snapshot_table t where t.snapshot = $1 and t.number > $2 order by t.number limit $3`;
const RANGES = `
select r.oid::text as oid, r.number::text as number, r.lower, r.upper, r.visible, r.until::text as until, r.rows::text as rows, r.bytes::text as bytes
from walcast.snapshot_range r where r.snapshot = $1 and r.oid = any ($2::oid[]) order by r.oid, r.number`;
const STATEMENTS = `
select s.number::text as number, s.event::text as event from walcast.snapshot_statement s
where s.snapshot = $1 and s.section = $2 and not s.done and s.number > $3 order by s.number limit $4`;
const COUNTS = `
select count(*)::text as total, count(*) filter (where done)::text as done from walcast.snapshot_statement where snapshot = $1 and section = $2`;
const NOTE_DONE = `
update walcast.snapshot_statement set done = true where snapshot = $1 and number = any ($2::int[])`;

/** Tables and statements a page: what one query answers stays small. */
const PAGE = 200;
/** Characters of JSON an insert. */
const INSERT_LIMIT = 1024 * 1024;
const CHILDREN = ['snapshot_statement', 'snapshot_range', 'snapshot_table'];

/** Null: nothing was begun, or it is done. */
export async function readHead(session: SqlSession, source: SourceIdentity): Promise<SnapshotHead | null> {
  const { rows } = await session.query(HEAD, [source.systemIdentifier, source.database, source.pipeline]);
  const row = rows[0];
  if (row === undefined || row['phase'] === 'done') return null;
  return {
    id: row['id'] ?? '',
    phase: row['phase'] as SnapshotPhase,
    onExisting: row['on_existing'] as OnExisting,
    schema: cutOf(row['schema_snapshot'] ?? '', row['schema_until'] ?? ''),
    postponed: JSON.parse(row['postponed'] ?? '[]').map(Number) as number[],
  };
}

export async function readState(session: SqlSession, head: SnapshotHead): Promise<SnapshotState> {
  const tables: TableState[] = [];
  for (let last = '-1'; ; ) {
    const { rows } = await session.query(TABLES, [head.id, last, String(PAGE)]);
    const ranges = await readRanges(
      session,
      head.id,
      rows.map((row) => row['oid'] ?? ''),
    );
    for (const row of rows) {
      const key = row['key_column'];
      tables.push({
        table: JSON.parse(row['definition'] ?? '') as SnapshotTable,
        state: row['state'] as TableCopyState,
        key: typeof key === 'string' ? { column: key, kind: row['key_kind'] as RangeKey['kind'] } : null,
        ranges: ranges.get(row['oid'] ?? '') ?? [],
      });
    }
    last = rows.at(-1)?.['number'] ?? last;
    if (rows.length < PAGE) return { phase: head.phase, schema: head.schema, tables };
  }
}

async function readRanges(
  session: SqlSession,
  id: string,
  oids: readonly string[],
): Promise<ReadonlyMap<string, readonly RangeState[]>> {
  const found = new Map<string, RangeState[]>();
  const { rows } = await session.query(RANGES, [id, `{${oids.join(',')}}`]);
  for (const row of rows) {
    const visible = row['visible'] ?? null;
    const list = found.get(row['oid'] ?? '') ?? [];
    list.push({
      number: Number(row['number']),
      lower: row['lower'] ?? null,
      upper: row['upper'] ?? null,
      cut: visible === null ? null : cutOf(visible, row['until'] ?? ''),
      rows: Number(row['rows']),
      bytes: Number(row['bytes']),
    });
    found.set(row['oid'] ?? '', list);
  }
  return found;
}

/** Inside the caller's transaction. What a finished copy has left is forgotten. */
export async function insertSnapshot(
  session: SqlSession,
  source: SourceIdentity,
  script: SchemaScript,
  schema: Cut,
  options: { readonly onExisting: OnExisting; readonly holder: string; readonly skipStatements: boolean },
): Promise<void> {
  const key = [source.systemIdentifier, source.database, source.pipeline];
  const { rows: old } = await session.query(
    'delete from walcast.snapshot where system_identifier = $1 and database = $2 and pipeline = $3 returning id::text as id',
    key,
  );
  for (const row of old) await forgetDetails(session, row['id'] ?? '');
  const { rows } = await session.query(
    `insert into walcast.snapshot (system_identifier, database, pipeline, phase, on_existing, schema_snapshot, schema_until, holder)
     values ($1, $2, $3, 'schema', $4, $5, $6, $7) returning id::text as id`,
    [...key, options.onExisting, formatSnapshot(schema.snapshot), formatLsn(schema.until), options.holder],
  );
  const id = rows[0]?.['id'] ?? '';
  await insertPages(
    session,
    `insert into walcast.snapshot_statement (snapshot, number, section, event, done)
     select ${id}, n, section, event, ${String(options.skipStatements)} from json_to_recordset($1::json) as x (n int, section text, event json)`,
    script.statements.map(({ section, event }, n) => JSON.stringify({ n, section, event })),
  );
  await insertPages(
    session,
    `insert into walcast.snapshot_table (snapshot, oid, number, definition, state)
     select ${id}, oid, n, definition, 'waiting' from json_to_recordset($1::json) as x (oid oid, n int, definition json)`,
    script.tables.map((definition, n) => JSON.stringify({ oid: definition.oid, n, definition })),
  );
}

async function insertPages(session: SqlSession, sql: string, items: readonly string[]): Promise<void> {
  let page: string[] = [];
  let size = 0;
  const flush = async (): Promise<void> => {
    if (page.length > 0) await session.query(sql, [`[${page.join(',')}]`]);
    page = [];
    size = 0;
  };
  for (const item of items) {
    page.push(item);
    size += item.length;
    if (size >= INSERT_LIMIT) await flush();
  }
  await flush();
}

/** As if it had never been begun. */
export async function forgetSnapshot(session: SqlSession, id: string): Promise<void> {
  await forgetDetails(session, id);
  await session.query('delete from walcast.snapshot where id = $1', [id]);
}

/** What only matters while the copy goes on. */
export async function forgetDetails(session: SqlSession, id: string): Promise<void> {
  for (const table of CHILDREN) await session.query(`delete from walcast.${table} where snapshot = $1`, [id]);
}

/** The schema is made: from here on its changes come with the stream. */
export async function forgetStatements(session: SqlSession, id: string): Promise<void> {
  await session.query('delete from walcast.snapshot_statement where snapshot = $1', [id]);
}

/** From here on nobody but this process adds rows. Waits for a commit of the one before. */
export async function takeOver(session: SqlSession, id: string, holder: string): Promise<void> {
  await session.query('update walcast.snapshot set holder = $2, updated_at = clock_timestamp() where id = $1', [
    id,
    holder,
  ]);
}

/** To be asked in each transaction before it changes anything: ends it if another process has taken over. */
export async function requireHolder(session: SqlSession, id: string, holder: string): Promise<void> {
  const { rows } = await session.query(
    'select 1 as one from walcast.snapshot where id = $1 and holder = $2 for share',
    [id, holder],
  );
  if (rows.length === 0)
    throw new WalcastError('E_SNAPSHOT_TAKEN', 'another process goes on with the copy into this target');
}

export async function writePhase(session: SqlSession, id: string, phase: SnapshotPhase): Promise<void> {
  await session.query('update walcast.snapshot set phase = $2, updated_at = clock_timestamp() where id = $1', [
    id,
    phase,
  ]);
}

export async function writeTableState(
  session: SqlSession,
  id: string,
  oid: number,
  state: TableCopyState,
): Promise<void> {
  await session.query('update walcast.snapshot_table set state = $3 where snapshot = $1 and oid = $2', [
    id,
    String(oid),
    state,
  ]);
  if (state === 'changed' || state === 'gone') await deleteRanges(session, id, oid);
}

/** The source has dropped it, and so have we. */
export async function forgetTable(session: SqlSession, id: string, oid: number): Promise<void> {
  await deleteRanges(session, id, oid);
  await session.query('delete from walcast.snapshot_table where snapshot = $1 and oid = $2', [id, String(oid)]);
}

async function deleteRanges(session: SqlSession, id: string, oid: number): Promise<void> {
  await session.query('delete from walcast.snapshot_range where snapshot = $1 and oid = $2', [id, String(oid)]);
}

/** The table is to be copied in these ranges, whatever was there. */
export async function writeTable(
  session: SqlSession,
  id: string,
  table: SnapshotTable,
  key: RangeKey | null,
  ranges: readonly KeyRange[],
): Promise<TableState> {
  const { rowCount } = await session.query(
    `update walcast.snapshot_table set state = 'waiting', definition = $3, key_column = $4, key_kind = $5
     where snapshot = $1 and oid = $2`,
    [id, String(table.oid), JSON.stringify(table), key?.column ?? null, key?.kind ?? null],
  );
  if (rowCount !== 1) throw new WalcastError('E_INTERNAL', `table ${table.oid} is not part of the snapshot`);
  await deleteRanges(session, id, table.oid);
  const state = ranges.map((range, number): RangeState => ({ ...range, number, cut: null, rows: 0, bytes: 0 }));
  await insertPages(
    session,
    `insert into walcast.snapshot_range (snapshot, oid, number, lower, upper)
     select ${id}, ${table.oid}, number, lower, upper from json_to_recordset($1::json) as x (number int, lower text, upper text)`,
    state.map(({ number, lower, upper }) => JSON.stringify({ number, lower, upper })),
  );
  return { table, state: 'waiting', key, ranges: state };
}

/** In the transaction that brings the rows. False: somebody else has brought them. */
export async function writeRange(session: SqlSession, id: string, oid: number, range: RangeState): Promise<boolean> {
  if (range.cut === null) throw new WalcastError('E_INTERNAL', 'a range without a cut is not copied');
  const { rowCount } = await session.query(
    `update walcast.snapshot_range set visible = $4, until = $5, rows = $6, bytes = $7
     where snapshot = $1 and oid = $2 and number = $3 and visible is null`,
    [
      id,
      String(oid),
      String(range.number),
      formatSnapshot(range.cut.snapshot),
      formatLsn(range.cut.until),
      String(range.rows),
      String(range.bytes),
    ],
  );
  return rowCount === 1;
}

export async function rangeExists(session: SqlSession, id: string, oid: number, number: number): Promise<boolean> {
  const { rows } = await session.query(
    'select 1 as one from walcast.snapshot_range where snapshot = $1 and oid = $2 and number = $3',
    [id, String(oid), String(number)],
  );
  return rows.length > 0;
}

export async function readStatements(
  session: SqlSession,
  id: string,
  section: SchemaSection,
  after: number,
  limit: number,
): Promise<StoredStatement[]> {
  const { rows } = await session.query(STATEMENTS, [id, section, String(after), String(limit)]);
  return rows.map((row) => ({
    number: Number(row['number']),
    event: JSON.parse(row['event'] ?? '') as DdlCommandEvent,
  }));
}

export async function countStatements(
  session: SqlSession,
  id: string,
  section: SchemaSection,
): Promise<{ readonly total: number; readonly done: number }> {
  const { rows } = await session.query(COUNTS, [id, section]);
  return { total: Number(rows[0]?.['total']), done: Number(rows[0]?.['done']) };
}

export async function noteDone(session: SqlSession, id: string, numbers: readonly number[]): Promise<void> {
  await session.query(NOTE_DONE, [id, `{${numbers.join(',')}}`]);
}

export async function postpone(session: SqlSession, id: string, constraints: readonly string[]): Promise<void> {
  if (constraints.length === 0) return;
  await session.query('update walcast.snapshot set postponed = postponed || $2::oid[] where id = $1', [
    id,
    `{${constraints.join(',')}}`,
  ]);
}

function cutOf(snapshot: string, until: string): Cut {
  return { snapshot: parseSnapshot(snapshot), until: parseLsn(until) };
}
