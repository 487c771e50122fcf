import { execFile } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PostgresCluster } from '../../src/app/demo/embedded/index.ts';
import { DEFAULT_LIMITS } from '../../src/listener/snapshot/limits.ts';
import { ReadSession } from '../../src/listener/snapshot/read-session.ts';
import { readSequences } from '../../src/listener/snapshot/sequences.ts';
import { SnapshotReader } from '../../src/listener/snapshot/snapshot-reader.ts';
import { SourceSnapshot } from '../../src/listener/snapshot/source-snapshot.ts';
import { readTables } from '../../src/listener/snapshot/tables.ts';
import type { Cut } from '../../src/wal/snapshot.ts';
import { expandXid, isVisible } from '../../src/wal/visibility.ts';
import { testMajors } from '../support/majors.ts';
import { seededRandom, type Random } from '../support/random.ts';
import { binariesFor } from '../support/servers.ts';
import type { TestDatabase } from '../support/test-database.ts';
import { privateCluster, type PrivateCluster } from '../support/test-databases.ts';
import { waitFor } from '../support/wait-for.ts';

const { signal } = new AbortController();
const SNAPSHOTS = 12;
const WRITERS = 6;

interface StreamedRow {
  readonly id: string;
  readonly commitLsn: bigint;
  readonly xid: number;
}

interface Copy {
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

function rowsOf(bytes: Buffer): string[] {
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
async function expectOneMeetingPoint(
  database: TestDatabase,
  seed: number,
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
    for (let i = 0; i < SNAPSHOTS; i++) {
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
function expectDecisions(copies: readonly Copy[], rows: readonly StreamedRow[]): void {
  expect(copies.some(({ cut }) => rows.some((row) => inCopy(cut, row)))).toBe(true);
  const running = ({ snapshot }: Cut, { xid }: StreamedRow): boolean =>
    snapshot.inProgress.has(expandXid(xid, snapshot.xmax));
  expect(copies.some(({ cut }) => rows.some((row) => running(cut, row)))).toBe(true);
}

describe.each(testMajors())('the cut between copy and stream on PostgreSQL %i', (major) => {
  let server: PrivateCluster;
  const settings = { max_prepared_transactions: '20', wal_level: 'logical', autovacuum: 'off' };

  beforeAll(async () => {
    server = await privateCluster({ role: 'source', major, settings });
  });

  afterAll(async () => {
    await server.dispose();
  });

  it.each([1, 2])('holds each row once: writers, savepoints, prepared transactions, seed %i', async (seed) => {
    const { copies, rows } = await expectOneMeetingPoint(await server.database(), seed * 100);
    expectDecisions(copies, rows);
  });

  describe('while commits wait for a synchronous standby', () => {
    const limits = { ...DEFAULT_LIMITS, settleMs: 300 };
    let database: TestDatabase;

    const standbys = async (names: string): Promise<void> => {
      await database.query(`alter system set synchronous_standby_names = '${names}'`);
      await database.query('select pg_reload_conf()');
      await waitFor(async () => (await database.value('show synchronous_standby_names')) === names, {
        what: 'the setting',
      });
    };
    const waiting = async (): Promise<boolean> =>
      (await database.value(`select count(*) from pg_stat_activity where wait_event = 'SyncRep'`)) === '1';

    /** Commits until one waits: the setting takes a moment to reach the one process that switches waiting on. */
    async function stuckCommit(
      client: pg.Client,
      statements: readonly string[],
    ): Promise<{ commit: Promise<unknown> }> {
      for (;;) {
        await client.query('set synchronous_commit = local');
        for (const statement of statements.slice(0, -1)) await client.query(statement);
        await client.query('set synchronous_commit = on');
        let done = false;
        const commit = client.query(statements.at(-1) ?? '').finally(() => (done = true));
        await waitFor(async () => done || (await waiting()), { what: 'a commit to wait or to end' });
        if (!done) return { commit };
      }
    }

    beforeAll(async () => {
      database = await server.database();
      await database.query('create table t (id text)');
    });

    it.each([
      ['a plain one', [`insert into t values ('waits')`]],
      [
        'one that was prepared',
        [`begin`, `insert into t values ('waits')`, `prepare transaction 'two'`, `commit prepared 'two'`],
      ],
    ])('no snapshot is taken for a stream: %s', async (_name, statements) => {
      const client = await database.client();
      await standbys('nobody');
      const { commit } = await stuckCommit(client, statements);
      try {
        const url = database.url();
        await expect(SourceSnapshot.open({ url, signal, streamed: true, limits })).rejects.toMatchObject({
          code: 'E_SNAPSHOT_UNSETTLED',
          retryable: true,
        });
        await (await SourceSnapshot.open({ url, signal, streamed: false, limits })).close();
        const later = SourceSnapshot.open({ url, signal, streamed: true });
        await standbys('');
        await commit;
        await (await later).close();
      } finally {
        await standbys('');
      }
    });

    it('a role that may not see them is refused', async () => {
      await standbys('nobody');
      try {
        await expect(SourceSnapshot.open({ url: database.url('bob'), signal, streamed: true })).rejects.toMatchObject({
          code: 'E_SNAPSHOT_RIGHTS',
        });
      } finally {
        await standbys('');
      }
    });
  });

  it('is told by a standby as well, for a copy without a stream', async () => {
    const database = await server.database();
    await database.query(
      `create table t (id text); insert into t values ('there'); create sequence s; select nextval('s')`,
    );
    await server.cluster.stop();
    const standby = await PostgresCluster.create({ binaries: await binariesFor(major), name: 'standby', settings });
    try {
      await rm(standby.dataFolder, { recursive: true });
      await promisify(execFile)('cp', ['-a', server.cluster.dataFolder, standby.dataFolder]);
      await writeFile(join(standby.dataFolder, 'standby.signal'), '');
      await server.cluster.start();
      await standby.start();
      const url = standby.url(database.name);
      const catalogs = await ReadSession.connect({ url, signal, statementTimeoutMs: 30_000 });
      const snapshot = await SourceSnapshot.open({ url, signal, streamed: false });
      expect(snapshot.recovery).toBe(true);
      expect(snapshot.cut.until).toBeGreaterThan(0n);
      const [table] = await readTables(snapshot.session);
      if (table === undefined) throw new Error('there is no table');
      const reader = await SnapshotReader.connect({ url, signal, exportId: snapshot.exportId, catalogs });
      const chunks: Buffer[] = [];
      await reader.copy(table, null, { lower: null, upper: null }, 'text', {
        begin: () => Promise.resolve(),
        write: (data) => chunks.push(data) > 0,
        relieved: () => Promise.resolve(),
      });
      expect(rowsOf(Buffer.concat(chunks))).toEqual(['there']);
      expect(await readSequences(catalogs)).toMatchObject([{ name: 's', lastValue: '1', isCalled: true }]);
      reader.close();
      await snapshot.close();
      await catalogs.close();
    } finally {
      await standby.destroy();
      await server.cluster.start();
    }
  });
});
