import type pg from 'pg';
import { expect } from 'vitest';
import { ReadSession } from '../../../src/listener/snapshot/read-session.ts';
import { SnapshotReader } from '../../../src/listener/snapshot/snapshot-reader.ts';
import { SourceSnapshot } from '../../../src/listener/snapshot/source-snapshot.ts';
import { readTables } from '../../../src/listener/snapshot/tables.ts';
import type { Cut } from '../../../src/wal/snapshot.ts';
import { expandXid, isVisible } from '../../../src/wal/visibility.ts';
import { seededRandom, type Random } from '../../support/random.ts';
import type { TestDatabase } from '../../support/test-database.ts';
import { waitFor } from '../../support/wait-for.ts';

const { signal } = new AbortController();
const SNAPSHOTS = 12;
const MOST_SNAPSHOTS = 200;
const WRITERS = 6;

export interface StreamedRow {
  readonly id: string;
  readonly commitLsn: bigint;
  readonly xid: number;
}

export interface Copy {
  readonly cut: Cut;
  readonly ids: readonly string[];
}

/** One random transaction: rows whose ids tell who wrote them, some of them rolled back. */
async function transaction(client: pg.Client, random: Random, name: string, pause: () => Promise<void>): Promise<void> {
  let row = 0;
  const insert = (): Promise<unknown> => client.query('insert into t values ($1)', [`${name}.${row++}`]);
  if (random.chance(0.3)) {
    await insert();
    return;
  }
  await client.query('begin');
  for (let step = random.int(1, 5); step > 0; step--) {
    await insert();
    if (random.chance(0.4)) {
      await client.query('savepoint s');
      await insert();
      await client.query(random.chance(0.5) ? 'rollback to savepoint s' : 'release savepoint s');
    }
    if (random.chance(0.3)) await pause();
  }
  if (!random.chance(0.35)) {
    await client.query(random.chance(0.25) ? 'rollback' : 'commit');
    return;
  }
  await client.query(`prepare transaction '${name}'`);
  if (random.chance(0.5)) await pause();
  await client.query(`${random.chance(0.25) ? 'rollback' : 'commit'} prepared '${name}'`);
}

async function copyUnder(database: TestDatabase, catalogs: ReadSession): Promise<Copy> {
  const url = database.url();
  const snapshot = await SourceSnapshot.open({ url, signal, streamed: true });
  try {
    const [table] = await readTables(snapshot.session);
    if (table === undefined) throw new Error('there is no table');
    const reader = await SnapshotReader.connect({ url, signal, exportId: snapshot.exportId, catalogs });
    const chunks: Buffer[] = [];
    const range = { lower: null, upper: null };
    const outcome = await reader.copy(table, null, range, 'text', {
      begin: () => Promise.resolve(),
      write: (data) => chunks.push(data) > 0,
      relieved: () => Promise.resolve(),
    });
    reader.close();
    const ids = rowsOf(Buffer.concat(chunks));
    expect(outcome).toMatchObject({ kind: 'copied', rows: ids.length });
    return { cut: snapshot.cut, ids };
  } finally {
    await snapshot.close();
  }
}

export function rowsOf(bytes: Buffer): string[] {
  const rows: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 1 + bytes.readInt32BE(at + 1);
    rows.push(bytes.toString('utf8', at + 5, end - 1));
    at = end;
  }
  return rows;
}

/** Everything that the slot brings, read from the messages themselves. */
async function streamed(database: TestDatabase): Promise<StreamedRow[]> {
  const rows: StreamedRow[] = [];
  let [commitLsn, xid] = [0n, 0];
  const messages = await database.query(
    `select encode(data, 'hex') as data from pg_logical_slot_get_binary_changes('${database.name}', null, null, 'proto_version', '1', 'publication_names', 'p')`,
  );
  for (const { data } of messages) {
    const message = Buffer.from(data ?? '', 'hex');
    const kind = String.fromCharCode(message[0] ?? 0);
    if (kind === 'B') [commitLsn, xid] = [message.readBigUInt64BE(1), message.readUInt32BE(17)];
    if (kind === 'I') rows.push({ id: message.toString('utf8', 13), commitLsn, xid });
  }
  return rows;
}

const inCopy = (cut: Cut, { commitLsn, xid }: StreamedRow): boolean =>
  commitLsn < cut.until && isVisible(cut.snapshot, expandXid(xid, cut.snapshot.xmax));

/** Writers write, a slot is made, snapshots are taken: afterwards each row is in the copy or comes by the stream, never both. */
export async function expectOneMeetingPoint(
  database: TestDatabase,
  seed: number,
  enough: (copies: readonly Copy[]) => boolean = () => true,
): Promise<{ copies: Copy[]; rows: StreamedRow[] }> {
  await database.query('create table t (id text not null); create publication p for table t');
  const url = database.url();
  const catalogs = await ReadSession.connect({ url, signal, statementTimeoutMs: 30_000 });
  let stopped = false;
  let turns = 0;
  let paused = 0;
  // Half of the writers may wait until the others have had their turns, so that transactions lie across the snapshots.
  const pause = async (): Promise<void> => {
    if (paused >= WRITERS / 2) return;
    paused++;
    const until = turns + 20;
    await waitFor(() => stopped || turns >= until, { what: 'the others to have their turns', everyMs: 1 });
    paused--;
  };
  const write = async (writer: number): Promise<void> => {
    const random = seededRandom(seed + writer);
    const client = await database.client();
    for (let i = 0; !stopped; i++, turns++) await transaction(client, random, `${writer}.${i}`, pause);
  };
  const writers = Array.from({ length: WRITERS }, (_, writer) => write(writer));
  const copies: Copy[] = [];
  try {
    await waitFor(() => turns > 30, { what: 'the writers to write' });
    await database.query(`select pg_create_logical_replication_slot('${database.name}', 'pgoutput')`);
    while (copies.length < SNAPSHOTS || !enough(copies)) {
      if (copies.length === MOST_SNAPSHOTS) throw new Error('there were never enough snapshots');
      const from = turns;
      copies.push(await copyUnder(database, catalogs));
      await waitFor(() => turns > from + 15, { what: 'the writers to go on' });
    }
  } finally {
    stopped = true;
    await Promise.all(writers);
    await catalogs.close();
  }
  const rows = await streamed(database);
  const all = (await database.query('select id from t')).map(({ id }) => id ?? '').toSorted();
  for (const { cut, ids } of copies) {
    const fromStream = rows.filter((row) => !inCopy(cut, row)).map(({ id }) => id);
    expect([...ids, ...fromStream].toSorted()).toEqual(all);
  }
  return { copies, rows };
}

/** The test is worth something only if the rule had something to decide each way. */
export function expectDecisions(copies: readonly Copy[], rows: readonly StreamedRow[]): void {
  expect(copies.some(({ cut }) => rows.some((row) => inCopy(cut, row)))).toBe(true);
  const running = ({ snapshot }: Cut, { xid }: StreamedRow): boolean =>
    snapshot.inProgress.has(expandXid(xid, snapshot.xmax));
  expect(copies.some(({ cut }) => rows.some((row) => running(cut, row)))).toBe(true);
}
