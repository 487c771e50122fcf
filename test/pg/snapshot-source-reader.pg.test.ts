import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { copyFormat } from '../../src/listener/snapshot/copy-format.ts';
import { copyStatement } from '../../src/listener/snapshot/copy-statement.ts';
import { DEFAULT_LIMITS, type SnapshotLimits } from '../../src/listener/snapshot/limits.ts';
import { planRanges } from '../../src/listener/snapshot/plan-ranges.ts';
import { ReadSession } from '../../src/listener/snapshot/read-session.ts';
import { SnapshotReader, type CopyConsumer, type CopyOutcome } from '../../src/listener/snapshot/snapshot-reader.ts';
import { SourceSnapshot } from '../../src/listener/snapshot/source-snapshot.ts';
import { readTables } from '../../src/listener/snapshot/tables.ts';
import type { CopyFormat, KeyRange, RangeKey, SnapshotTable } from '../../src/wal/snapshot.ts';
import { testMajors } from '../support/majors.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { testDatabases, type DatabasePair } from '../support/test-databases.ts';
import { waitFor } from '../support/wait-for.ts';

const WHOLE: KeyRange = { lower: null, upper: null };
const LIMITS: SnapshotLimits = { ...DEFAULT_LIMITS, lockTimeoutMs: 200, lockPauseMs: 50, lockAttempts: 3 };

/** Keeps the contents of the rows' messages, and holds the source up now and then. */
class Collector implements CopyConsumer {
  readonly chunks: Buffer[] = [];
  begun = 0;
  waits = 0;
  onBegin: () => Promise<void> = () => Promise.resolve();

  async begin(): Promise<void> {
    this.begun++;
    await this.onBegin();
  }

  write(data: Buffer): boolean {
    this.chunks.push(data);
    return this.chunks.length % 3 !== 0;
  }

  async relieved(): Promise<void> {
    this.waits++;
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** The rows without the headers of the messages. */
  get rows(): Buffer {
    const bytes = Buffer.concat(this.chunks);
    const contents: Buffer[] = [];
    for (let at = 0; at < bytes.length; ) {
      expect(bytes[at]).toBe(0x64);
      const end = at + 1 + bytes.readInt32BE(at + 1);
      contents.push(bytes.subarray(at + 5, end));
      at = end;
    }
    return Buffer.concat(contents);
  }
}

describe.each(testMajors())('rows read under a snapshot of PostgreSQL %i', (major) => {
  let pair: DatabasePair;
  let abort: AbortController;
  let closers: (() => void | Promise<void>)[];

  beforeEach(async () => {
    pair = await testDatabases({ major });
    abort = new AbortController();
    closers = [];
  });

  afterEach(async () => {
    for (const close of closers.reverse()) await close();
    await pair.dispose();
  });

  interface Source {
    readonly snapshot: SourceSnapshot;
    readonly catalogs: ReadSession;
    readonly reader: SnapshotReader;
    readonly table: (name: string) => SnapshotTable;
  }

  async function open({
    user,
    url,
    limits = LIMITS,
  }: {
    user?: string;
    url?: string;
    limits?: SnapshotLimits;
  } = {}): Promise<Source> {
    const { signal } = abort;
    const direct = pair.source.url(user);
    const snapshot = await SourceSnapshot.open({ url: direct, signal, streamed: false, limits });
    closers.push(() => snapshot.close());
    const tables = await readTables(snapshot.session);
    const catalogs = await ReadSession.connect({ url: direct, signal, statementTimeoutMs: 10_000 });
    closers.push(() => catalogs.close());
    const { exportId } = snapshot;
    const reader = await SnapshotReader.connect({ url: url ?? direct, signal, exportId, catalogs, limits });
    closers.push(() => reader.close());
    const table = (name: string): SnapshotTable => {
      const found = tables.find((each) => each.metadata.name === name);
      if (found === undefined) throw new Error(`no table ${name}`);
      return found;
    };
    return { snapshot, catalogs, reader, table };
  }

  async function copied(
    source: Source,
    name: string,
    format: CopyFormat = 'text',
    key: RangeKey | null = null,
    range = WHOLE,
  ): Promise<{ outcome: CopyOutcome; rows: Buffer }> {
    const consumer = new Collector();
    const outcome = await source.reader.copy(source.table(name), key, range, format, consumer);
    return { outcome, rows: consumer.rows };
  }

  /** The same by another client: what COPY says now. */
  async function reference(client: pg.Client, statement: string): Promise<Buffer> {
    const chunks: Buffer[] = [];
    for await (const chunk of client.query(copyTo(statement)) as AsyncIterable<Buffer>) chunks.push(chunk);
    return Buffer.concat(chunks);
  }

  async function referenceClient(): Promise<pg.Client> {
    const client = await pair.source.client();
    await client.query(`set timezone = 'UTC'; set datestyle = 'ISO, MDY'; set intervalstyle = postgres;
      set extra_float_digits = 3; set bytea_output = hex; set lc_monetary = 'C'`);
    return client;
  }

  describe('bytes', () => {
    it('are those of COPY, in text and in binary, under names of every kind', async () => {
      await pair.source.query(`
        create schema "we.ird ""schema""";
        create table "we.ird ""schema"""."tä.b""le" (
          id bigint primary key, "co,l""umn" text, n numeric, f float8, b bytea, j jsonb, at timestamptz, span time, ip inet,
          flag bool, code char(5), bits varbit, g text generated always as (upper("co,l""umn")) stored, "dropped" int, last uuid);
        alter table "we.ird ""schema"""."tä.b""le" drop column "dropped";
        insert into "we.ird ""schema"""."tä.b""le" (id, "co,l""umn", n, f, b, j, at, span, ip, flag, code, bits, last) select i, case i % 7 when 0 then null when 1 then '' when 2 then E'\\\\.\\n\\t\\\\N' else repeat('ü', i) end,
          case i % 5 when 0 then 'NaN' when 1 then 'infinity' else i / 7.0 end, case i % 5 when 0 then 'NaN' when 1 then '-infinity' else i / 3.0 end,
          decode(md5(i::text), 'hex'), jsonb_build_object('i', i), '2020-01-01'::timestamptz + i * interval '1 hour', time '00:00' + i * interval '1 minute 3 microseconds',
          '10.0.0.1', i % 2 = 0, i, (i % 8)::bit(3), 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid from generate_series(1, 500) i`);
      const source = await open();
      expect(copyFormat(source.table('tä.b"le').metadata)).toBe('binary');
      const client = await referenceClient();
      const columns = '(id, "co,l""umn", n, f, b, j, at, span, ip, flag, code, bits, last)';
      for (const format of ['text', 'binary'] as const) {
        const { outcome, rows } = await copied(source, 'tä.b"le', format);
        const expected = await reference(
          client,
          `copy "we.ird ""schema"""."tä.b""le" ${columns} to stdout (format ${format})`,
        );
        expect(outcome).toMatchObject({ kind: 'copied', rows: 500 });
        expect(rows.equals(expected)).toBe(true);
      }
    });

    it('are those of psql, with 1,600 columns', async () => {
      const columns = Array.from({ length: 1600 }, (_, at) => `c${at} smallint`).join(', ');
      await pair.source.query(`create table wide (${columns}); insert into wide (c0, c1599) values (1, 2), (3, null)`);
      const { outcome, rows } = await copied(await open(), 'wide');
      const { stdout } = await promisify(execFile)('psql', ['-XAtqc', 'copy wide to stdout', pair.source.url()], {
        encoding: 'buffer',
      });
      expect(outcome).toMatchObject({ kind: 'copied', rows: 2 });
      expect(rows.equals(stdout)).toBe(true);
    });

    it('are those of the snapshot, whatever was written since', async () => {
      await pair.source.query(
        `create table t (id int primary key, v text); insert into t select i, 'old' from generate_series(1, 100) i`,
      );
      const source = await open();
      await pair.source.query(
        `update t set v = 'new'; delete from t where id > 50; insert into t select i, 'more' from generate_series(200, 300) i`,
      );
      await pair.source.query('vacuum t');
      const { outcome, rows } = await copied(source, 't');
      expect(outcome).toMatchObject({ kind: 'copied', rows: 100 });
      const lines = rows.toString().trimEnd().split('\n');
      expect(lines.toSorted((a, b) => parseInt(a) - parseInt(b))).toEqual(
        Array.from({ length: 100 }, (_, i) => `${i + 1}\told`),
      );
    });

    it('come without those of children, and from tables without columns', async () => {
      await pair.source.query(`create table parent (id int primary key); create table child () inherits (parent);
        insert into parent values (1); insert into child values (2); create table none (); insert into none default values; insert into none default values;
        create table only_generated (g int generated always as (1) stored); insert into only_generated default values`);
      const source = await open();
      expect((await copied(source, 'parent')).rows.toString()).toBe('1\n');
      expect((await copied(source, 'child')).rows.toString()).toBe('2\n');
      expect((await copied(source, 'none')).rows.toString()).toBe('\n\n');
      expect((await copied(source, 'only_generated')).rows.toString()).toBe('\n');
      const range = { lower: null, upper: '2' };
      expect((await copied(source, 'parent', 'text', { column: 'id', kind: 'integer' }, range)).rows.toString()).toBe(
        '1\n',
      );
    });

    it('pass in pieces of any size', async () => {
      await pair.source.query(
        `create table t (id int, v text); insert into t select i, repeat('x', i * 7) from generate_series(1, 200) i`,
      );
      const expected = (await copied(await open(), 't')).rows;
      let size = 0;
      const proxy = await TcpProxy.before(pair.source.url(), { pieces: () => (size = (size % 97) + 1) });
      closers.push(() => proxy.close());
      const { rows } = await copied(await open({ url: proxy.url(pair.source.url()) }), 't');
      expect(rows.equals(expected)).toBe(true);
    });

    it('of a row of 100 MB pass with flat memory', async () => {
      await pair.source.query(`create table big (id int, v bytea); alter table big alter v set storage external;
        insert into big select 1, string_agg(decode(repeat('ab', 1000000), 'hex'), '') from generate_series(1, 100)`);
      const source = await open();
      const before = process.memoryUsage().arrayBuffers;
      let bytes = 0;
      let peak = 0;
      const outcome = await source.reader.copy(source.table('big'), null, WHOLE, 'binary', {
        begin: () => Promise.resolve(),
        relieved: () => Promise.resolve(),
        write: (data) => {
          bytes += data.length;
          peak = Math.max(peak, process.memoryUsage().arrayBuffers - before);
          return true;
        },
      });
      expect(outcome).toMatchObject({ kind: 'copied', rows: 1, bytes });
      expect(bytes).toBeGreaterThan(100_000_000);
      expect(peak).toBeLessThan(48 * 1024 * 1024);
    });

    it('wait for a consumer that is full', async () => {
      await pair.source.query(`create table t as select i, repeat('x', 1000) as v from generate_series(1, 20000) i`);
      const source = await open();
      let full = false;
      let writes = 0;
      let release: () => void = () => undefined;
      const reading = source.reader.copy(source.table('t'), null, WHOLE, 'text', {
        begin: () => Promise.resolve(),
        write: () => {
          expect(full).toBe(false);
          writes++;
          full = writes === 3;
          return !full;
        },
        relieved: () => new Promise((resolve) => (release = resolve)),
      });
      await waitFor(() => full, { what: 'the consumer to be full' });
      // The server runs full too: it cannot send what nobody reads.
      await waitFor(
        async () =>
          (await pair.source.value(
            `select wait_event from pg_stat_activity where application_name = 'walcast snapshot rows' and datname = current_database()`,
          )) === 'ClientWrite',
        { what: 'the server to wait for us' },
      );
      expect(writes).toBe(3);
      full = false;
      release();
      expect(await reading).toMatchObject({ kind: 'copied', rows: 20_000 });
    });
  });

  describe('ranges', () => {
    it('hold every row once, of skewed keys too, and are about equal', async () => {
      await pair.source.query(`create table t (id bigint primary key, v text);
        insert into t select i, repeat('x', 200) from generate_series(1, 30000) i;
        insert into t select i * 1000000007::bigint, repeat('x', 200) from generate_series(1, 3000) i;
        insert into t values (-9223372036854775808, 'least'), (9223372036854775807, 'most')`);
      const source = await open();
      const { key, ranges } = await planRanges(source.catalogs, source.table('t'), { rangeBytes: 1_000_000 });
      expect(key).toEqual({ column: 'id', kind: 'integer' });
      expect(ranges.length).toBeGreaterThanOrEqual(6);
      const counts: number[] = [];
      const all: string[] = [];
      for (const range of ranges) {
        const { outcome, rows } = await copied(source, 't', 'text', key, range);
        if (outcome.kind !== 'copied') throw new Error(outcome.kind);
        counts.push(outcome.rows);
        all.push(
          ...rows
            .toString()
            .split('\n')
            .filter((line) => line !== ''),
        );
      }
      expect(counts.reduce((sum, count) => sum + count)).toBe(33_002);
      expect(Math.max(...counts)).toBeLessThan(2 * (33_002 / ranges.length));
      expect(new Set(all.map((line) => line.split('\t')[0])).size).toBe(33_002);
    });

    it('of uuids and of rows in no order are few, as each reads most of the pages', async () => {
      await pair.source.query(`create table u (id uuid primary key, v text); create table mixed (id int primary key, v text);
        insert into u select gen_random_uuid(), repeat('x', 200) from generate_series(1, 20000);
        insert into mixed select i, repeat('x', 200) from generate_series(1, 20000) i order by md5(i::text)`);
      const source = await open();
      for (const name of ['u', 'mixed']) {
        const plan = await planRanges(source.catalogs, source.table(name), { rangeBytes: 200_000, scatteredRanges: 3 });
        expect(plan.ranges).toHaveLength(3);
        let rows = 0;
        for (const range of plan.ranges) {
          const { outcome } = await copied(source, name, 'text', plan.key, range);
          rows += outcome.kind === 'copied' ? outcome.rows : 0;
        }
        expect(rows).toBe(20_000);
      }
    });

    it('are read by the index, analyzed or not', async () => {
      await pair.source.query(`create table t (id int primary key, v text) with (autovacuum_enabled = off);
        insert into t select i, repeat('x', 100) from generate_series(1, 50000) i`);
      const source = await open();
      const { key, ranges } = await planRanges(source.catalogs, source.table('t'), { rangeBytes: 1_500_000 });
      expect(ranges.length).toBeGreaterThan(3);
      for (const analyzed of [false, true]) {
        if (analyzed) await pair.source.query('analyze t');
        for (const range of ranges) {
          const statement = copyStatement(source.table('t'), key, range, 'text');
          const select = /^copy \((.*)\) to stdout$/.exec(statement)?.[1] ?? '';
          const plan = await source.catalogs.query(`explain ${select}`);
          expect(JSON.stringify(plan.rows)).not.toContain('Seq Scan');
        }
      }
    });

    it('are one, where the key cannot be cut or the table is small', async () => {
      await pair.source.query(`create table small (id int primary key); insert into small values (1);
        create table keyless as select i, repeat('x', 1000) as v from generate_series(1, 1000) i;
        create table by_text (id text primary key); insert into by_text select repeat(i::text, 20) from generate_series(1, 5000) i`);
      const source = await open();
      for (const name of ['small', 'keyless', 'by_text']) {
        expect(await planRanges(source.catalogs, source.table(name), { rangeBytes: 10_000 })).toEqual({
          key: null,
          ranges: [WHOLE],
        });
      }
    });
  });

  describe('changes', () => {
    beforeEach(async () => {
      await pair.source.query(`create type mood as enum ('sad', 'happy'); create type pair as (a int, b int); create domain price as numeric;
        create table t (id int primary key, v text, m mood, p pair[], d price);
        insert into t select i, 'v', 'sad', array[row(1, 2)::pair], 1 from generate_series(1, 100) i; create schema other`);
    });

    it.each([
      ['a rewrite', 'alter table t alter id type bigint', 'its columns changed'],
      ['a rewrite that leaves the columns', 'vacuum full t', 'it was rewritten or emptied'],
      ['TRUNCATE', 'truncate t', 'it was rewritten or emptied'],
      ['a new column', 'alter table t add extra int', 'its columns changed'],
      ['a dropped column', 'alter table t drop v', 'its columns changed'],
      ['a renamed column', 'alter table t rename v to w', 'its columns changed'],
      ['a new name', 'alter table t rename to s', 'it is public.s now'],
      ['another schema', 'alter table t set schema other', 'it is other.t now'],
      ['another table of the same name', 'alter table t rename to s; create table t (like s)', 'it is public.s now'],
      ['a longer enum', `alter type mood add value 'so so'`, 'a type of its columns changed'],
      ['a renamed label', `alter type mood rename value 'sad' to 'blue'`, 'a type of its columns changed'],
      ['a longer composite', 'alter type pair add attribute c int', 'a type of its columns changed'],
    ])('%s is told, and no row is delivered', async (_name, statement, what) => {
      const source = await open();
      await pair.source.query(statement);
      const consumer = new Collector();
      const outcome = await source.reader.copy(source.table('t'), null, WHOLE, 'text', consumer);
      expect(outcome).toEqual({ kind: 'changed', what });
      expect(consumer.begun).toBe(0);
      expect(consumer.chunks).toEqual([]);
    });

    it('a dropped table is told, and the reader goes on with others', async () => {
      await pair.source.query('create table u (id int); insert into u values (7)');
      const source = await open();
      await pair.source.query('drop table t');
      expect((await copied(source, 't')).outcome).toEqual({ kind: 'gone' });
      expect((await copied(source, 'u')).rows.toString()).toBe('7\n');
    });

    it.each([
      'create index on t (v)',
      'alter table t add check (id > 0)',
      'alter table t alter v set default 5',
      'alter table t owner to alice',
      `alter table t set (fillfactor = 50)`,
      'alter domain price add check (value > 0)',
      'analyze t',
      'vacuum t',
    ])('%s leaves the rows as they are', async (statement) => {
      const source = await open();
      await pair.source.query(statement);
      expect((await copied(source, 't')).outcome).toMatchObject({ kind: 'copied', rows: 100 });
    });

    it('a type that changes while the rows are read voids them', async () => {
      const source = await open();
      const consumer = new Collector();
      consumer.onBegin = async () => void (await pair.source.query(`alter type mood rename value 'sad' to 'blue'`));
      expect(await source.reader.copy(source.table('t'), null, WHOLE, 'text', consumer)).toEqual({
        kind: 'changed',
        what: 'a type of its columns changed',
      });
    });

    it('a schema that is renamed while the rows are read voids them', async () => {
      await pair.source.query('create table other.x (id int); insert into other.x values (1)');
      const source = await open();
      const consumer = new Collector();
      consumer.onBegin = async () => {
        await pair.source.query(
          'alter schema other rename to another; create schema other; create table other.x (id int)',
        );
      };
      expect(await source.reader.copy(source.table('x'), null, WHOLE, 'text', consumer)).toEqual({
        kind: 'changed',
        what: 'it is another.x now',
      });
    });

    it('waits for who holds the table, a bounded number of times, and names them', async () => {
      const source = await open();
      const blocker = await pair.source.client();
      await blocker.query(`set application_name = 'migrator'; begin; lock table t`);
      const consumer = new Collector();
      await expect(source.reader.copy(source.table('t'), null, WHOLE, 'text', consumer)).rejects.toMatchObject({
        code: 'E_SNAPSHOT_LOCKED',
        retryable: true,
        message: expect.stringMatching(/public\.t stayed locked by pid \d+ \(postgres, migrator\)/) as string,
      });
    });

    it('a lock that goes in time is waited for', async () => {
      const source = await open({ limits: { ...LIMITS, lockAttempts: 200 } });
      const blocker = await pair.source.client();
      await blocker.query('begin; alter table t add extra int');
      const copying = copied(source, 't');
      await waitFor(
        async () =>
          (await pair.source.value(`select count(*) from pg_locks where relation = 't'::regclass and not granted`)) ===
          '1',
        { what: 'the reader to wait' },
      );
      await blocker.query('rollback');
      expect((await copying).outcome).toMatchObject({ kind: 'copied', rows: 100 });
    });

    it('while a change waits for the reader, the reader does not wait for it', async () => {
      const source = await open();
      const consumer = new Collector();
      let altered: Promise<unknown> = Promise.resolve();
      const other = await pair.source.client();
      consumer.onBegin = async () => {
        altered = other.query('alter table t add extra int');
        await waitFor(
          async () =>
            (await pair.source.value(
              `select count(*) from pg_locks where relation = 't'::regclass and not granted`,
            )) === '1',
          { what: 'the ALTER to wait' },
        );
      };
      expect(await source.reader.copy(source.table('t'), null, WHOLE, 'text', consumer)).toMatchObject({
        kind: 'copied',
        rows: 100,
      });
      await altered; // the lock went with the range
      expect((await copied(source, 't')).outcome).toMatchObject({ kind: 'changed' });
    });
  });

  describe('failures', () => {
    const fill = `create table t as select i, repeat('x', 1000) as v from generate_series(1, 50000) i`;

    /** Reads and does something once rows have come. */
    async function disturbed(source: Source, disturb: () => void | Promise<void>): Promise<unknown> {
      let disturbance: Promise<void> | undefined;
      return await source.reader
        .copy(source.table('t'), null, WHOLE, 'text', {
          begin: () => Promise.resolve(),
          write: () => disturbance !== undefined,
          relieved: async () => await (disturbance ??= Promise.resolve(disturb())),
        })
        .then(
          (outcome) => outcome,
          (error: unknown) => error,
        );
    }

    it('a server that falls silent is noticed', async () => {
      await pair.source.query(fill);
      const proxy = await TcpProxy.before(pair.source.url());
      closers.push(() => proxy.close());
      const source = await open({ url: proxy.url(pair.source.url()), limits: { ...LIMITS, silenceMs: 500 } });
      expect(await disturbed(source, () => proxy.stall())).toMatchObject({
        code: 'E_SOURCE_CONNECTION',
        retryable: true,
        message: expect.stringContaining('no answer within 0.5 s') as string,
      });
    });

    it('a connection that breaks or is ended can be tried again', async () => {
      await pair.source.query(fill);
      const proxy = await TcpProxy.before(pair.source.url());
      closers.push(() => proxy.close());
      const cut = await open({ url: proxy.url(pair.source.url()) });
      expect(await disturbed(cut, () => proxy.cut())).toMatchObject({ code: 'E_SOURCE_CONNECTION', retryable: true });
      const ended = await open();
      const terminate = `select pg_terminate_backend(pid) from pg_stat_activity
        where application_name = 'walcast snapshot rows' and datname = current_database()`;
      expect(await disturbed(ended, async () => void (await pair.source.query(terminate)))).toMatchObject({
        code: 'E_SOURCE_CONNECTION',
        retryable: true,
      });
    });

    it('the signal ends a copy at once, with its own reason', async () => {
      await pair.source.query(fill);
      const source = await open();
      const reason = new Error('stopped by a test');
      expect(await disturbed(source, () => abort.abort(reason))).toBe(reason);
    });

    it('what the consumer throws comes out, and the source is left', async () => {
      await pair.source.query(fill);
      const source = await open();
      const failure = new Error('the target is gone');
      const consumer = { begin: () => Promise.resolve(), relieved: () => Promise.resolve() };
      const write = (): boolean => {
        throw failure;
      };
      await expect(source.reader.copy(source.table('t'), null, WHOLE, 'text', { ...consumer, write })).rejects.toBe(
        failure,
      );
      await waitFor(
        async () => (await pair.source.value(`select count(*) from pg_locks where relation = 't'::regclass`)) === '0',
        { what: 'the lock to go' },
      );
    });

    it('a copy above its time limit is refused by the server, worth another try', async () => {
      await pair.source.query(`create table t as select i, repeat('x', 1000) as v from generate_series(1, 200000) i`);
      const source = await open({ limits: { ...LIMITS, copyTimeoutMs: 20 } });
      expect(await disturbed(source, () => undefined)).toMatchObject({
        code: 'E_SNAPSHOT_READ',
        retryable: true,
        fields: { sqlstate: '57014', table: 'public.t' },
      });
    });

    it('a snapshot whose connection has ended is told as such', async () => {
      await pair.source.query('create table t (id int)');
      const source = await open();
      await source.snapshot.close();
      await expect(copied(source, 't')).rejects.toMatchObject({
        code: 'E_SOURCE_CONNECTION',
        retryable: true,
        message: 'the snapshot of the source is gone: its connection has ended',
      });
    });

    it('rows that row-level security would hide are refused, not left out', async () => {
      await pair.source.query(`create table t (id int); insert into t values (1), (2); alter table t enable row level security;
        create policy p on t using (id = 1); grant select on t to bob`);
      const source = await open({ user: 'bob' });
      await expect(copied(source, 't')).rejects.toMatchObject({
        code: 'E_SNAPSHOT_RIGHTS',
        retryable: false,
        fields: { sqlstate: '42501' },
      });
      const owner = await open();
      expect((await copied(owner, 't')).outcome).toMatchObject({ kind: 'copied', rows: 2 });
    });

    it('a plain user with SELECT reads, in ranges too', async () => {
      await pair.source.query(
        `create table t (id int primary key, v text); insert into t select i, repeat('x', 500) from generate_series(1, 5000) i; grant select on t to bob`,
      );
      const source = await open({ user: 'bob' });
      const { key, ranges } = await planRanges(source.catalogs, source.table('t'), { rangeBytes: 500_000 });
      expect(ranges.length).toBeGreaterThan(2);
      let rows = 0;
      for (const range of ranges) {
        const { outcome } = await copied(source, 't', 'binary', key, range);
        rows += outcome.kind === 'copied' ? outcome.rows : 0;
      }
      expect(rows).toBe(5000);
    });
  });
});
