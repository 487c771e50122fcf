import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Decoder } from '../../src/decode/decoder.ts';
import type { PipelineFailure } from '../../src/postgres/pipeline-failure.ts';
import { PipelinedConnection } from '../../src/postgres/pipelined-connection.ts';
import { PostgresError } from '../../src/postgres/postgres-error.ts';
import { EVENT, EventBatch } from '../../src/wal/event-batch.ts';
import { newestMajor } from '../support/majors.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { testDatabases, type DatabasePair } from '../support/test-databases.ts';
import { waitFor } from '../support/wait-for.ts';
import * as wire from '../support/wire.ts';

const INSERT = 'ins';

/** Rows (id, v) as the decoder would give them, in a batch that counts how often it came back. */
function rowBatch(rows: readonly (readonly [string, string | Buffer])[]): {
  batch: EventBatch;
  returned: () => number;
} {
  let source: EventBatch | undefined;
  const decoder = new Decoder({ batch: (batch) => (source = batch), message: () => null });
  const columns = ['id', 'v'].map((name) => ({ name, type: 25 }));
  const size = rows.reduce((sum, [id, v]) => sum + id.length + v.length + 32, 0);
  let returns = 0;
  const batch = new EventBatch(size + 64, rows.length, rows.length * 2, () => returns++);
  const feed = (message: Buffer): void => decoder.append(wire.xlogData(1n, message));
  feed(wire.begin(1n, 1));
  feed(wire.relation({ oid: 1, schema: 'public', name: 't', columns }));
  decoder.seal();
  for (const [i, [id, v]] of rows.entries()) {
    feed(wire.insert(1, [id, v.toString()]));
    decoder.seal();
    if (source === undefined) throw new Error('no batch');
    source.bytes.copy(batch.bytes, batch.byteLength, 0, source.byteLength);
    const at = source.newAt[0] as number;
    for (let field = 0; field < 2; field++) {
      batch.fields[i * 4 + field * 2] = (source.fields[at + field * 2] as number) + batch.byteLength;
      batch.fields[i * 4 + field * 2 + 1] = source.fields[at + field * 2 + 1] as number;
    }
    batch.kinds[i] = EVENT.insert;
    batch.newAt[i] = i * 4;
    batch.byteLength += source.byteLength;
    batch.count = i + 1;
    source.release();
  }
  return { batch, returned: () => returns };
}

/** Bind of the prepared statement with both fields, and its Execute. */
function send(connection: PipelinedConnection, batch: EventBatch, i: number, statement = INSERT, fields = 2): void {
  const name = Buffer.from(`\0${statement}\0`);
  const at = batch.newAt[i] as number;
  let size = 10 + name.length;
  for (let field = 0; field < fields; field++) size += 4 + (batch.fields[at + field * 2 + 1] as number);
  const { out } = connection;
  out.byte(0x42);
  out.int32(size);
  out.slice(name, 0, name.length);
  out.int16(0);
  out.int16(fields);
  for (let field = 0; field < fields; field++) {
    const length = batch.fields[at + field * 2 + 1] as number;
    out.int32(length);
    out.slice(batch.bytes, batch.fields[at + field * 2] as number, length);
  }
  out.int16(0);
  connection.executeRow(batch, i);
}

describe(`pipelined connection to PostgreSQL ${newestMajor()}`, () => {
  let pair: DatabasePair;
  let connection: PipelinedConnection;
  let proxy: TcpProxy | undefined;
  let failures: PipelineFailure[];

  beforeEach(async () => {
    pair = await testDatabases();
    await pair.target.query('create table t (id text primary key, v text)');
    proxy = undefined;
    failures = [];
  });

  afterEach(async () => {
    connection.close();
    await proxy?.close();
    await pair.dispose();
  });

  const open = async (url = pair.target.url()): Promise<void> => {
    connection = await PipelinedConnection.connect({ url, applicationName: 'test', side: 'target' }, (failure) =>
      failures.push(failure),
    );
    connection.prepare('begin', 'begin', []);
    connection.prepare('commit', 'commit', []);
    connection.prepare(INSERT, 'insert into t values ($1, $2)', []);
    connection.prepare('upd', 'update t set v = v where id = $1', []);
  };
  const openBehindProxy = async (): Promise<TcpProxy> => {
    proxy = await TcpProxy.before(pair.target.url());
    await open(proxy.url(pair.target.url()));
    return proxy;
  };
  const stored = async (): Promise<number> => Number(await pair.target.value('select count(*) from t'));
  const many = (count: number, width = 1): (readonly [string, string])[] =>
    Array.from({ length: count }, (_, i) => [`k${i}`, 'v'.repeat(width)] as const);
  const settled = (promise: Promise<unknown>): Promise<unknown> =>
    promise.then(
      () => null,
      (error: unknown) => error,
    );

  it('writes rows ahead of their answers and gives the batch back once, after the last answer', async () => {
    await open();
    const { batch, returned } = rowBatch(many(5000));
    connection.command('begin');
    for (let i = 0; i < batch.count; i++) send(connection, batch, i);
    connection.command('commit');
    connection.releaseBatch(batch);
    expect(returned()).toBe(0);
    await connection.sync();
    expect(returned()).toBe(1);
    expect(await stored()).toBe(5000);
    expect(connection.owesAnswerForMs).toBe(0);
  });

  it('tells the row and the SQLSTATE of an error in the middle; nothing of the pipeline has an effect', async () => {
    await open();
    const rows = many(100).map(([id, v], i) => (i === 42 ? (['k7', v] as const) : ([id, v] as const)));
    const { batch, returned } = rowBatch(rows);
    connection.command('begin');
    for (let i = 0; i < batch.count; i++) send(connection, batch, i);
    connection.command('commit');
    connection.releaseBatch(batch);
    const first = settled(connection.sync());
    // The next group is on its way already.
    const next = rowBatch([['other', 'v']]);
    connection.command('begin');
    send(connection, next.batch, 0);
    connection.command('commit');
    connection.releaseBatch(next.batch);
    const second = settled(connection.sync());
    expect(await first).toBeInstanceOf(PostgresError);
    expect(await second).toBeInstanceOf(PostgresError);
    expect(failures).toHaveLength(1);
    expect(failures[0]).toMatchObject({ event: 42, hit: null, error: { sqlstate: '23505', table: 't' } });
    expect(failures[0]?.batch).toBe(batch);
    expect([returned(), next.returned()]).toEqual([1, 1]);
    await gone();
    expect(await stored()).toBe(0);
  });

  it.each([
    ['none', 'upd', 0],
    ['two', 'both', 2],
  ])('a row that hits %s of the table instead of one is a failure with its count', async (_, statement, hit) => {
    await pair.target.query("insert into t values ('a', '1'), ('b', '2')");
    await open();
    connection.prepare('both', 'update t set v = v where $1::text is not null', []);
    const { batch, returned } = rowBatch([['missing', 'v']]);
    connection.command('begin');
    send(connection, batch, 0, statement, 1);
    connection.releaseBatch(batch);
    expect(await settled(connection.drained())).toMatchObject({ code: 'E_TARGET_CONFLICT' });
    expect(failures).toMatchObject([{ hit, event: 0, error: null }]);
    expect(returned()).toBe(1);
  });

  it('a segment that fails is told by its result; what failed before it, and was not answered yet, is not', async () => {
    await open();
    connection.beginSegment();
    connection.command('upd', ['missing']);
    expect(await connection.endSegment()).toBeNull();
    connection.beginSegment();
    connection.command('ins', ['a', '1']);
    connection.command('ins', ['a', '2']);
    expect(await connection.endSegment()).toMatchObject({ error: { sqlstate: '23505' } });
    expect(failures).toEqual([]);

    const { batch, returned } = rowBatch([
      ['b', '1'],
      ['b', '2'],
    ]);
    connection.command('begin');
    for (let i = 0; i < batch.count; i++) send(connection, batch, i);
    connection.releaseBatch(batch);
    const before = settled(connection.sync());
    connection.beginSegment();
    connection.command('commit');
    const segment = settled(connection.endSegment());
    expect(await before).toMatchObject({ sqlstate: '23505' });
    expect(await segment).toMatchObject({ sqlstate: '23505' });
    expect(failures).toMatchObject([{ event: 1, error: { sqlstate: '23505' } }]);
    expect(returned()).toBe(1);
  });

  it('an error of a query inside a transaction is recovered from by a savepoint', async () => {
    await open();
    await connection.query('begin');
    await connection.query("insert into t values ('kept', '1')");
    await connection.execute('savepoint s');
    await expect(connection.query('select 1 / $1::int', ['0'])).rejects.toMatchObject({ sqlstate: '22012' });
    await expect(connection.execute('select 1')).rejects.toMatchObject({ sqlstate: '25P02' });
    await connection.execute('rollback to s');
    expect((await connection.query('select count(*) as n, null as nothing from t')).rows).toEqual([
      { n: '1', nothing: null },
    ]);
    await connection.query('commit');
    expect(failures).toEqual([]);
    expect(await stored()).toBe(1);
  });

  it('answers of queries sent at once come in their order, errors among them', async () => {
    await open();
    const answers = await Promise.all([
      settled(connection.query('select 1 / 0')),
      connection.query("select 'a' as x"),
      settled(connection.execute('nonsense')),
      connection.query('insert into t values ($1, null)', ['z']),
      connection.query(''),
    ]);
    expect(answers).toMatchObject([
      { sqlstate: '22012' },
      { rows: [{ x: 'a' }] },
      { sqlstate: '42601' },
      { rows: [], rowCount: 1 },
      { rows: [], rowCount: 0 },
    ]);
  });

  it('statements can be prepared again under their names after DEALLOCATE ALL', async () => {
    await open();
    await connection.sync();
    await connection.query('deallocate all');
    connection.prepare(INSERT, 'insert into t values ($1, $2)', []);
    const { batch } = rowBatch([['a', 'b']]);
    send(connection, batch, 0);
    connection.releaseBatch(batch);
    await connection.sync();
    expect(await stored()).toBe(1);
  });

  it('the rows of a script are dropped as they come', async () => {
    await open();
    const before = process.memoryUsage().heapUsed;
    let peak = 0;
    const timer = setInterval(() => (peak = Math.max(peak, process.memoryUsage().heapUsed)), 5);
    await connection.execute("select repeat('x', 100) from generate_series(1, 1000000)");
    clearInterval(timer);
    expect(peak - before).toBeLessThan(64 * 1024 * 1024);
  });

  it('a statement that wants COPY data fails instead of waiting for ever', async () => {
    await open();
    expect(await settled(connection.execute('copy t from stdin'))).toBeInstanceOf(Error);
    expect(failures).toHaveLength(1);
  });

  it('an answer that is not of the protocol is a lost connection', async () => {
    const line = await openBehindProxy();
    await connection.sync();
    const waiting = settled(connection.query('select pg_sleep(5)'));
    line.sendToClient(Buffer.from('D\xff\xff\xff\xff and more', 'latin1'));
    expect(await waiting).toMatchObject({ code: 'E_TARGET_CONNECTION' });
    expect(failures).toHaveLength(1);
  });

  it('after close every wait is rejected, every batch comes back once, and writing on does no harm', async () => {
    const line = await openBehindProxy();
    await connection.sync();
    line.stall();
    const { batch, returned } = rowBatch(many(10));
    connection.command('begin');
    for (let i = 0; i < 5; i++) send(connection, batch, i);
    const waits = [settled(connection.drained()), settled(connection.sync()), settled(connection.query('select 1'))];
    connection.close();
    for (let i = 5; i < 10; i++) send(connection, batch, i);
    connection.out.flush();
    connection.releaseBatch(batch);
    expect(returned()).toBe(1);
    for (const wait of waits) expect(await wait).toMatchObject({ code: 'E_TARGET_CONNECTION' });
    for (const late of [connection.drained(), connection.sync()]) expect(await settled(late)).toBeInstanceOf(Error);
    await expect(connection.query('select 1')).rejects.toMatchObject({ code: 'E_TARGET_CONNECTION' });
    expect(failures).toEqual([]);
  });

  it('a session that is terminated fails once, idle or not', async () => {
    await open();
    await connection.sync();
    await pair.target.query('select pg_terminate_backend($1::int)', [String(connection.processId)]);
    await waitFor(() => connection.failed, { what: 'the loss to be noticed' });
    expect(failures).toMatchObject([{ error: { sqlstate: '57P01' } }]);
    await expect(connection.query('select 1')).rejects.toMatchObject({ sqlstate: '57P01' });
  });

  it('cut after any number of bytes, a transaction is there as a whole or not at all, and told right', async () => {
    const outcomes = new Set<string>();
    for (let limit = 150; limit < 2_200; limit += 97) {
      await pair.target.query('truncate t');
      const line = await openBehindProxy();
      await connection.sync();
      const start = line.toServer;
      line.onToServer = (chunk) => {
        if (line.toServer + chunk.length - start < limit) return true;
        setImmediate(() => line.cut());
        return line.toServer - start < limit / 2; // sometimes the last chunk arrives
      };
      const { batch, returned } = rowBatch(many(20, 40));
      connection.command('begin');
      for (let i = 0; i < 20; i++) {
        send(connection, batch, i);
        if (i % 4 === 0) connection.out.flush();
        if (i % 4 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      const drained = await settled(connection.drained());
      if (drained === null) connection.command('commit');
      const synced = await settled(connection.sync());
      connection.releaseBatch(batch);
      await gone();
      const count = await stored();
      expect([0, 20]).toContain(count);
      if (synced === null) expect(count).toBe(20);
      expect(returned()).toBe(1);
      expect(failures.length).toBeLessThanOrEqual(1);
      outcomes.add(`${synced === null ? 'told' : 'lost'} ${count}`);
      failures = [];
      connection.close();
      await line.close();
    }
    expect(outcomes).toContain('lost 0');
  });

  it('a server that stands still makes the writer wait: what is unsent stays near its limit', async () => {
    const line = await openBehindProxy();
    await connection.sync();
    line.stall();
    let most = 0;
    let sent = 0;
    const returned: (() => number)[] = [];
    connection.command('begin');
    const writing = (async (): Promise<void> => {
      for (let round = 0; round < 50; round++) {
        const made = rowBatch(Array.from({ length: 100 }, (_, i) => [`k${round}-${i}`, 'v'.repeat(10_000)] as const));
        returned.push(made.returned);
        for (let i = 0; i < 100; i++) {
          send(connection, made.batch, i);
          sent++;
          most = Math.max(most, connection.out.unsent);
          if (connection.congested) await connection.relieved();
        }
        connection.releaseBatch(made.batch);
      }
    })();
    await waitFor(() => connection.congested, { what: 'the writer to be told to wait' });
    const atRest = sent;
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(sent).toBe(atRest);
    line.release();
    await writing;
    connection.command('commit');
    await connection.sync();
    expect(most).toBeLessThan(4.5 * 1024 * 1024);
    expect(returned.map((count) => count())).toEqual(Array(50).fill(1));
    expect(await stored()).toBe(5000);
  });

  it('a value of 100 MB is sent as it lies, without copies', async () => {
    await open();
    const { batch, returned } = rowBatch([['big', Buffer.alloc(100_000_000, 'z')]]);
    global.gc?.();
    const before = process.memoryUsage().arrayBuffers;
    let peak = 0;
    const timer = setInterval(() => (peak = Math.max(peak, process.memoryUsage().arrayBuffers)), 2);
    connection.command('begin');
    send(connection, batch, 0);
    peak = Math.max(peak, process.memoryUsage().arrayBuffers);
    connection.command('commit');
    connection.releaseBatch(batch);
    await connection.sync();
    clearInterval(timer);
    expect(returned()).toBe(1);
    expect(await pair.target.value('select length(v) from t')).toBe('100000000');
    expect(peak - before).toBeLessThan(20_000_000);
  });

  /** Until the server has done with what it had received. */
  const gone = (): Promise<unknown> =>
    waitFor(
      async () =>
        (await pair.target.value("select count(*) from pg_stat_activity where pid = $1 and state <> 'idle'", [
          String(connection.processId),
        ])) === '0',
      { what: 'the session to have ended' },
    );
});
