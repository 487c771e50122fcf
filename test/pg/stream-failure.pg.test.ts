import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readSourceState } from '../../src/listener/postgres/source-position.ts';
import { connectClient } from '../../src/postgres/client.ts';
import { testMajors } from '../support/majors.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { testDatabases, type DatabasePair } from '../support/test-databases.ts';
import { waitFor } from '../support/wait-for.ts';
import { prepareStream, slotView, StreamProbe, walsenders, type StreamProbeOptions } from '../support/wire-stream.ts';

/** How the replication connection ends, and what it leaves behind. */
describe.each(testMajors())('ends of a stream on PostgreSQL %i', (major) => {
  let pair: DatabasePair;
  let slot: string;
  let opened: StreamProbe[];
  const uncaught: unknown[] = [];
  const note = (error: unknown): unknown => uncaught.push(error);

  beforeEach(async () => {
    pair = await testDatabases({ major });
    await pair.source.query('create table t (id text primary key)');
    slot = await prepareStream(pair.source);
    opened = [];
    uncaught.length = 0;
    process.on('uncaughtException', note);
    process.on('unhandledRejection', note);
  });

  afterEach(async () => {
    for (const probe of opened) await probe.connection.close();
    await pair.dispose();
    process.off('uncaughtException', note);
    process.off('unhandledRejection', note);
    expect(uncaught).toEqual([]);
  });

  const open = async (options: Partial<StreamProbeOptions> = {}): Promise<StreamProbe> => {
    const probe = new StreamProbe({ url: pair.source.url(), slot, ...options });
    opened.push(probe);
    await probe.connection.open();
    return probe;
  };
  const insert = (id: string): Promise<unknown> => pair.source.query('insert into t values ($1)', [id]);
  const noWalsender = (): Promise<unknown> =>
    waitFor(async () => (await walsenders(pair.source)) === 0, { what: 'the walsender to be gone' });
  const outcome = (promise: Promise<void>): Promise<unknown> =>
    promise.then(
      () => 'resolved',
      (error: unknown) => error,
    );
  const within = async <T>(milliseconds: number, promise: Promise<T>): Promise<T> => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`still pending after ${milliseconds} ms`)), milliseconds);
    });
    return await Promise.race([promise, late]).finally(() => clearTimeout(timer));
  };

  it('a missing slot is refused and leaves no walsender', async () => {
    await expect(open({ slot: 'no_such_slot' })).rejects.toMatchObject({ code: '42704' });
    await noWalsender();
  });

  it('a slot that is in use is refused and leaves its user alone', async () => {
    const first = await open();
    await expect(open()).rejects.toMatchObject({ code: '55006' });
    await waitFor(async () => (await walsenders(pair.source)) === 1, { what: 'one walsender' });
    await insert('a');
    await first.received(1);
  });

  it('a missing publication ends the stream with the error of the server and leaves no walsender', async () => {
    const probe = await open({ publication: 'no_such_publication' });
    const ended = outcome(probe.connection.ended);
    await insert('a');
    if (pair.major >= 18) {
      // It warns and leaves the rows out: nothing on this side can tell, so the pipeline has to look at the catalog.
      const fence = "select pg_current_wal_lsn() from pg_logical_emit_message(true, 'test', 'fence')";
      await pair.source.query(fence);
      await probe.received(1);
      expect(probe.rows).toEqual([]);
      return;
    }
    expect(String(await within(10_000, ended))).toMatch(/publication "no_such_publication" does not exist/);
    await noWalsender();
  });

  it('names that need quotes are quoted', async () => {
    const name = `it's "odd", yes`;
    await pair.source.query(`create publication "${name.replaceAll('"', '""')}" for all tables`);
    const probe = await open({ publication: name });
    await insert('a');
    expect((await probe.received(1))[0]?.rows).toEqual(['a']);
  });

  it('a server that nobody answers for is refused', async () => {
    await expect(open({ url: 'postgres://127.0.0.1:1/x' })).rejects.toThrow(/ECONNREFUSED/);
  });

  it('a throw while a message is handled ends the connection with that very error', async () => {
    const culprit = new Error('decoder gave up');
    const probe = await open({
      onData: () => {
        throw culprit;
      },
    });
    await insert('a');
    expect(await within(10_000, outcome(probe.connection.ended))).toBe(culprit);
    await noWalsender();
  });

  it('nothing more is handed out after a throw, though the same piece of the stream holds more', async () => {
    let calls = 0;
    const probe = await open({
      onData: () => {
        calls++;
        throw new Error('no');
      },
    });
    await pair.source.query('insert into t select g::text from generate_series(1, 100) g');
    await outcome(probe.connection.ended);
    expect(calls).toBe(1);
  });

  it('a walsender that is terminated ends the stream by rejection', async () => {
    const probe = await open();
    await pair.source.query('select pg_terminate_backend(active_pid) from pg_replication_slots where slot_name = $1', [
      slot,
    ]);
    expect(await within(10_000, outcome(probe.connection.ended))).toBeInstanceOf(Error);
  });

  it('close resolves `ended`, frees the slot, and may be called twice', async () => {
    const probe = await open();
    await probe.connection.close();
    await probe.connection.close();
    expect(await within(5_000, outcome(probe.connection.ended))).toBe('resolved');
    await waitFor(async () => !(await slotView(pair.source, slot)).active, { what: 'the slot to be free' });
  });

  it('close ends a paused stream with data waiting', async () => {
    const probe = await open();
    probe.connection.pause();
    await pair.source.query("insert into t select g || repeat('x', 200) from generate_series(1, 100000) g");
    await within(5_000, probe.connection.close());
    await noWalsender();
  });

  it('a connection reset ends the stream by rejection', async () => {
    const proxy = await TcpProxy.before(pair.source.url());
    try {
      const probe = await open({ url: proxy.url(pair.source.url()) });
      proxy.cut();
      expect(await within(10_000, outcome(probe.connection.ended))).toBeInstanceOf(Error);
    } finally {
      await proxy.close();
    }
  });

  it('a query_timeout in the address does not end the stream', async () => {
    const url = new URL(pair.source.url());
    url.searchParams.set('query_timeout', '300');
    const probe = await open({ url: url.href });
    const ended = outcome(probe.connection.ended);
    const first = await Promise.race([ended, new Promise((resolve) => setTimeout(() => resolve('open'), 1_000))]);
    expect(first).toBe('open');
    await insert('a');
    await probe.received(1);
  });

  describe('behind a black hole', () => {
    let proxy: TcpProxy;

    beforeEach(async () => {
      proxy = await TcpProxy.before(pair.source.url());
    });

    afterEach(async () => {
      await proxy.close();
    });

    it('a source that falls silent is given up', async () => {
      await pair.source.query(`alter database ${pair.source.name} set wal_sender_timeout = '1s'`);
      const probe = await open({ url: proxy.url(pair.source.url()) });
      const ended = outcome(probe.connection.ended);
      proxy.stall();
      expect(await within(8_000, ended)).toMatchObject({ code: 'E_SOURCE_CONNECTION', retryable: true });
      await within(3_000, probe.connection.close());
    });

    it('silence is not taken for death while nothing is read on purpose', async () => {
      await pair.source.query(`alter database ${pair.source.name} set wal_sender_timeout = '1s'`);
      const probe = await open({ url: proxy.url(pair.source.url()) });
      probe.connection.pause();
      const ended = outcome(probe.connection.ended);
      expect(await Promise.race([ended, new Promise((resolve) => setTimeout(() => resolve('open'), 6_500))])).toBe(
        'open',
      );
      probe.connection.resume();
      await insert('a');
      await probe.received(1);
    });

    it.each(['START_REPLICATION', 'SHOW wal_sender_timeout', 'replication\0'])(
      'a source that falls silent at %s is given up',
      async (moment) => {
        proxy.onToServer = (chunk) => {
          if (chunk.includes(moment)) proxy.stall();
          return !chunk.includes(moment);
        };
        const opening = open({
          url: proxy.url(pair.source.url()),
          openTimeoutMs: 1_000,
          config: { connectionTimeoutMillis: 1_000 },
        }).then(
          () => 'open',
          (error: unknown) => error,
        );
        expect(await within(5_000, opening)).toBeInstanceOf(Error);
        await within(3_000, (opened[0] as StreamProbe).connection.close());
      },
    );

    it.each(['IDENTIFY_SYSTEM', 'pg_current_wal_flush_lsn', 'user\0'])(
      'the state of a source that falls silent at %s is given up',
      async (moment) => {
        proxy.onToServer = (chunk) => {
          if (chunk.includes(moment)) proxy.stall();
          return !chunk.includes(moment);
        };
        const address = { url: proxy.url(pair.source.url()), pipeline: 'test', slot, publication: 'streamed' };
        const reading = readSourceState(address, AbortSignal.timeout(1_000)).then(
          () => 'read',
          (error: unknown) => error,
        );
        expect(await within(5_000, reading)).toBeInstanceOf(Error);
      },
    );

    it('an abort ends a connection that is being made', async () => {
      proxy.stall();
      const connecting = connectClient({
        url: proxy.url(pair.source.url()),
        applicationName: 'test',
        side: 'source',
        signal: AbortSignal.timeout(300),
      }).then(
        () => 'connected',
        (error: unknown) => error,
      );
      expect(await within(3_000, connecting)).toBeInstanceOf(Error);
    });
  });
});
