import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lsn, type Lsn } from '../../src/wal/lsn.ts';
import { testMajors } from '../support/majors.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { testDatabases, type DatabasePair } from '../support/test-databases.ts';
import { waitFor } from '../support/wait-for.ts';
import { keepalive } from '../support/wire.ts';
import { prepareStream, slotView, StreamProbe, type StreamedTransaction } from '../support/wire-stream.ts';

/** What the source is told, and when. */
describe.each(testMajors())('positions reported to PostgreSQL %i', (major) => {
  let pair: DatabasePair;
  let slot: string;
  let opened: StreamProbe[];

  beforeEach(async () => {
    pair = await testDatabases({ major });
    await pair.source.query('create table t (id text primary key)');
    slot = await prepareStream(pair.source);
    opened = [];
  });

  afterEach(async () => {
    for (const probe of opened) await probe.connection.close();
    await pair.dispose();
  });

  const open = async (url = pair.source.url()): Promise<StreamProbe> => {
    const probe = await StreamProbe.open({ url, slot });
    opened.push(probe);
    return probe;
  };
  const insert = (id: string): Promise<unknown> => pair.source.query('insert into t values ($1)', [id]);
  const released = (): Promise<unknown> =>
    waitFor(async () => !(await slotView(pair.source, slot)).active, { what: 'the slot to be free' });

  /** Two commits with nothing between their records. */
  const backToBack = async (probe: StreamProbe): Promise<[StreamedTransaction, StreamedTransaction]> => {
    const [one, two] = [await pair.source.client(), await pair.source.client()];
    for (let round = 0; round < 50; round++) {
      const before = probe.transactions.length;
      await one.query(`begin; insert into t values ('A${round}')`);
      await two.query(`begin; insert into t values ('B${round}')`);
      await one.query('commit');
      await two.query('commit');
      const [a, b] = (await probe.received(before + 2)).slice(before);
      if (a !== undefined && b !== undefined && a.end === b.begin) return [a, b];
    }
    throw new Error('no two commits were neighbours in the WAL');
  };

  it('confirms exactly the end of a commit: its neighbour comes again, the commit itself does not', async () => {
    const first = await open();
    const [a, b] = await backToBack(first);
    first.connection.confirm(a.end);
    await first.connection.close();
    await released();
    expect((await slotView(pair.source, slot)).confirmed).toBe(a.end);
    const again = await (await open()).received(1);
    expect(again[0]).toEqual(b);
  });

  it('confirms nothing that is not durable, however often it reports, and begins there again', async () => {
    await pair.source.query(`alter database ${pair.source.name} set wal_sender_timeout = '1s'`);
    const before = await slotView(pair.source, slot);
    const probe = await open();
    for (let i = 0; i < 5; i++) await insert(`r${i}`);
    await probe.received(5);
    const replies = new Set<string>();
    await waitFor(
      async () => {
        const reply = await pair.source.value(
          'select reply_time from pg_stat_replication where pid = (select active_pid from pg_replication_slots where slot_name = $1)',
          [slot],
        );
        if (typeof reply === 'string') replies.add(reply);
        return replies.size >= 4;
      },
      { what: 'four status updates' },
    );
    expect(await slotView(pair.source, slot)).toEqual({ ...before, active: true });
    await probe.connection.close();
    await released();
    expect((await slotView(pair.source, slot)).confirmed).toBe(before.confirmed);
    const rows = (await (await open()).received(5)).flatMap((each) => each.rows);
    expect(rows).toEqual(['r0', 'r1', 'r2', 'r3', 'r4']);
  });

  it('never takes a confirmation back', async () => {
    const probe = await open();
    for (const id of ['a', 'b', 'c']) await insert(id);
    const [a, , c] = await probe.received(3);
    const told = c?.end ?? lsn(0n);
    probe.connection.confirm(told);
    probe.connection.confirm(a?.end ?? lsn(0n));
    probe.connection.confirm(lsn(0n));
    await probe.connection.acknowledge('0/0');
    await probe.connection.close();
    await released();
    expect((await slotView(pair.source, slot)).confirmed).toBe(told);
  });

  it('gives the clock of its reports in the epoch of PostgreSQL', async () => {
    await open();
    const skew = await waitFor(
      () =>
        pair.source.value(
          `select abs(extract(epoch from now() - reply_time))::text from pg_stat_replication
           where pid = (select active_pid from pg_replication_slots where slot_name = $1)`,
          [slot],
        ),
      { what: 'a status update' },
    );
    expect(Number(skew)).toBeLessThan(2);
  });

  it('answers at once when the server asks', async () => {
    const proxy = await TcpProxy.before(pair.source.url());
    try {
      const reports: Lsn[] = [];
      proxy.onToServer = (chunk) => {
        // CopyData with a standby status update: 'd', length, 'r', received, durable …
        if (chunk[0] === 0x64 && chunk[5] === 0x72) reports.push(lsn(chunk.readBigUInt64BE(6)));
        return true;
      };
      const probe = await open(proxy.url(pair.source.url()));
      await waitFor(() => reports.length === 1, { what: 'the first report' });
      proxy.sendToClient(copyData(keepalive(0x7fn, false)));
      await waitFor(() => probe.keepalives > 0, { what: 'the keepalive that does not ask' });
      const before = reports.length;
      proxy.sendToClient(copyData(keepalive(0xffff_0000_0000n, true)));
      await waitFor(() => reports.length > before, { what: 'the answer', timeoutMs: 2_000 });
      expect(reports.at(-1)).toBe(0xffff_0000_0000n);
    } finally {
      await proxy.close();
    }
  });

  it('goes on reporting while it reads nothing, so that the server keeps the connection', async () => {
    await pair.source.query(`alter database ${pair.source.name} set wal_sender_timeout = '2s'`);
    const probe = await open();
    probe.connection.pause();
    await pair.source.query("insert into t select g || repeat('x', 100) from generate_series(1, 100000) g");
    await waitFor(
      () =>
        pair.source.value(
          `select true from pg_stat_replication where backend_start < now() - interval '6s' and reply_time > now() - interval '2s'
           and pid = (select active_pid from pg_replication_slots where slot_name = $1)`,
          [slot],
        ),
      { what: 'a walsender older than three timeouts', timeoutMs: 15_000 },
    );
    expect(probe.seal().rows.length).toBe(0);
    probe.connection.resume();
    const [only] = await probe.received(1);
    expect(only?.rows.length).toBe(100_000);
  });
});

function copyData(content: Buffer): Buffer {
  const head = Buffer.from([0x64, 0, 0, 0, 0]);
  head.writeInt32BE(4 + content.length, 1);
  return Buffer.concat([head, content]);
}
