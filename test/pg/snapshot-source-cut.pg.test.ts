import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS } from '../../src/listener/snapshot/limits.ts';
import { ReadSession } from '../../src/listener/snapshot/read-session.ts';
import { readSequences } from '../../src/listener/snapshot/sequences.ts';
import { SnapshotReader } from '../../src/listener/snapshot/snapshot-reader.ts';
import { SourceSnapshot } from '../../src/listener/snapshot/source-snapshot.ts';
import { readTables } from '../../src/listener/snapshot/tables.ts';
import { testMajors } from '../support/majors.ts';
import type { TestDatabase } from '../support/test-database.ts';
import { privateCluster, type PrivateCluster } from '../support/test-databases.ts';
import { urlFor } from '../support/text-client.ts';
import { waitFor } from '../support/wait-for.ts';
import { startStandby } from './support/standby.ts';
import { expectDecisions, expectOneMeetingPoint, rowsOf } from './support/snapshot-cut.ts';

const { signal } = new AbortController();

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
    const standby = await startStandby(server);
    try {
      const url = urlFor(standby.url, database.name);
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
      await standby.dispose();
    }
  });
});
