import { createHmac } from 'node:crypto';
import type pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ClientSession } from '../../src/app/init/client-session.ts';
import { renewKey, retireOldKeys } from '../../src/app/init/renew-key.ts';
import { readSourceState } from '../../src/listener/postgres/source-position.ts';
import { expectEqual } from '../support/compare.ts';
import { testMajors } from '../support/majors.ts';
import { prepareSource, PUBLICATION, TestPipeline } from '../support/pipeline.ts';
import type { TestDatabase } from '../support/test-database.ts';
import { type DatabasePair, testDatabases } from '../support/test-databases.ts';
import { waitFor } from '../support/wait-for.ts';
import { install } from './support/install.ts';

const WAIT = { waitMs: 20_000 };

describe.each(testMajors())('a new key on PostgreSQL %i', (major) => {
  let pair: DatabasePair;
  let source: TestDatabase;
  let session: ClientSession;
  let client: pg.Client;
  let slot: string;
  let pipeline: TestPipeline | null;

  beforeEach(async () => {
    pair = await testDatabases({ major });
    source = pair.source;
    slot = `${source.name}_slot`;
    pipeline = null;
    session = await ClientSession.connect(source.url(), 'source');
    client = await source.client('app');
  });
  afterEach(async () => {
    await pipeline?.stop();
    await session.close();
    await pair.dispose();
  });

  const start = (): TestPipeline => {
    pipeline = new TestPipeline({ source, targets: [{ name: 'replica', url: pair.target.url() }], slot });
    return pipeline;
  };
  const generations = async (): Promise<(string | null | undefined)[]> =>
    (await source.query('select generation from walcast.key order by 1')).map(({ generation }) => generation);
  const secretOf = async (generation: number): Promise<Buffer> =>
    Buffer.from(
      (await source.value(`select encode(secret, 'hex') from walcast.key where generation = ${generation}`)) ?? '',
      'hex',
    );
  const rotate = async (): Promise<void> => {
    await renewKey(session);
    expect((await retireOldKeys(session, WAIT)).holders).toBeNull();
  };

  /** What somebody writes who has a key and the right to run SQL: one message in a transaction of its own. */
  const forge = async (secret: Buffer, payload: object): Promise<void> => {
    await client.query('begin');
    const { rows } = await client.query<{ xid: string; oid: string }>(
      'select pg_current_xact_id()::xid::text as xid, (select oid::text from pg_database where datname = current_database()) as oid',
    );
    const text = JSON.stringify({ v: 1, iso: false, server_version_num: 180000, at: 'FF/0', ...payload });
    const mac = createHmac('sha256', secret)
      .update(['walcast', rows[0]?.oid, rows[0]?.xid, text].join('\n'))
      .digest('hex');
    await client.query('select pg_logical_emit_message(true, $1, $2)', ['walcast', `{"mac":"${mac}",${text.slice(1)}`]);
    await client.query('commit');
  };
  const forgedTable = (name: string): object => ({
    kind: 'ddl',
    phase: 'end',
    tag: 'CREATE TABLE',
    text_id: 'x',
    text: `create table public.${name} (id int primary key)`,
    caller: { role: 'app', search_path: 'public', settings: {} },
    details: {
      commands: [
        { class: 'pg_class', oid: 1, tag: 'CREATE TABLE', type: 'table', schema: 'public', identity: `public.${name}` },
      ],
      relations: [],
    },
  });

  it('reaches no slot, neither the first one nor those after it', async () => {
    await source.query('create publication everything for all tables');
    for (const plugin of ['pgoutput', 'test_decoding']) {
      await source.query(`select pg_create_logical_replication_slot('${source.name}_${plugin}', '${plugin}')`);
    }
    await install(source, 'core', 'injector');
    await renewKey(session);
    await source.query('select walcast.new_key()'); // by hand, heard by our own triggers
    await source.query(
      `create table public.leaks (secret bytea primary key); insert into leaks select secret from walcast.key where generation = 1`,
    );
    const streams = await Promise.all([
      source.query(`select encode(data, 'hex') as data from pg_logical_slot_peek_binary_changes('${source.name}_pgoutput', null, null,
        'proto_version', '1', 'publication_names', 'everything', 'messages', 'true')`),
      source.query(
        `select encode(convert_to(data, 'UTF8'), 'hex') as data from pg_logical_slot_peek_changes('${source.name}_test_decoding', null, null)`,
      ),
    ]);
    const keys = await source.query(
      `select generation, encode(secret, 'hex') as secret, encode(inner_pad, 'hex') as inner_pad, encode(outer_pad, 'hex') as outer_pad from walcast.key order by 1`,
    );
    expect(keys.map(({ generation }) => generation)).toEqual(['1', '2', '3']);
    for (const rows of streams) {
      const stream = rows.map(({ data }) => data ?? '').join('\n');
      const shows = (hex: string): boolean =>
        [
          hex,
          Buffer.from(hex).toString('hex'),
          Buffer.from(Buffer.from(hex, 'hex').toString('base64')).toString('hex'),
        ].some((form) => stream.includes(form));
      expect(shows(Buffer.from('backfill_limit_bytes').toString('hex'))).toBe(true);
      expect(keys.map(({ secret }) => shows(secret ?? ''))).toEqual([true, false, false]); // the first one was just put into a table
      for (const { inner_pad, outer_pad } of keys)
        expect([inner_pad, outer_pad].map((pad) => shows(pad ?? ''))).toEqual([false, false]);
    }
  });

  it('takes over while a daemon runs, with transactions open that began before it', async () => {
    await prepareSource(source, slot);
    const running = start();
    await client.query('create table t (id int primary key, v text); insert into t values (1, $$a$$)');
    const open = await source.client('app');
    await open.query('begin; create table open_rc (id int primary key); insert into open_rc values (1)');
    const old = await source.client('app');
    await old.query('begin isolation level repeatable read; select 1');
    await running.caughtUp();

    expect(await renewKey(session)).toBe(2);
    await client.query('alter table t add w int default 7; insert into t values (2, $$b$$)');
    await open.query('alter table open_rc add v int; insert into open_rc values (2, 2); commit');
    expect((await retireOldKeys(session, { waitMs: 0 })).holders).toMatch(/^pid \d+ \(app, idle in transaction/);
    await old.query('create table by_old (id int primary key); insert into by_old values (1); commit');
    expect(await retireOldKeys(session, WAIT)).toEqual({ retired: [1], holders: null });
    await client.query('alter table by_old add v int; insert into by_old values (2, 2)');
    await running.caughtUp();
    expect(running.supervisor.forged).toBe(0);
    await expectEqual(source, pair.target);
    await Promise.all([open.end(), old.end()]);
  });

  it('leaves what older keys signed readable for a daemon that comes later, and goes once nobody has to read it', async () => {
    await prepareSource(source, slot);
    await client.query('create table t1 (id int primary key); insert into t1 values (1)');
    await rotate();
    await client.query('create table t2 (id int primary key); insert into t2 values (1)');
    await rotate();
    await client.query('create table t3 (id int primary key); insert into t3 values (1)');
    expect(await generations()).toEqual(['1', '2', '3']);
    const running = start();
    await running.caughtUp();
    expect(running.supervisor.forged).toBe(0);
    await expectEqual(source, pair.target);
    await waitFor(
      async () => {
        // The restart position follows with the running transactions that the server notes now and then.
        await source.query('checkpoint; select pg_logical_emit_message(true, $$x$$, $$x$$)');
        await retireOldKeys(session, WAIT);
        return (await generations()).join() === '3';
      },
      { what: 'the old keys to be gone', timeoutMs: 60_000 },
    );
    await client.query('create table t4 (id int primary key)');
    await running.caughtUp();
    await expectEqual(source, pair.target);
  }, 120_000);

  it('makes what somebody signs with the one before a forgery, counted and without effect', async () => {
    await prepareSource(source, slot);
    const running = start();
    const stolen = await secretOf(1);
    await client.query('create table t (id int primary key)');
    await forge(stolen, forgedTable('while_valid')); // the control: this key did speak for us
    await running.caughtUp();
    expect(await pair.target.value(`select to_regclass('public.while_valid') is not null`)).toBe('t');

    await rotate();
    await forge(stolen, forgedTable('afterwards'));
    await client.query('alter table t add v int');
    await running.caughtUp();
    expect(running.supervisor.forged).toBe(1);
    expect(await pair.target.value(`select to_regclass('public.afterwards') is null`)).toBe('t');
    await pipeline?.stop();
    const again = start(); // and the same for a daemon that reads the keys anew
    await forge(stolen, forgedTable('afterwards'));
    await again.caughtUp();
    expect(again.supervisor.forged).toBeGreaterThan(0);
    expect(await pair.target.value(`select to_regclass('public.afterwards') is null`)).toBe('t');
  });

  it('cannot be announced, nor retired, by who has the one before', async () => {
    await prepareSource(source, slot);
    const running = start();
    const stolen = await secretOf(1);
    const old = await source.client('app');
    await old.query('begin isolation level repeatable read; select 1'); // so that the stolen key stays valid for a while
    await renewKey(session);
    await client.query('create table t (id int primary key)');
    await running.caughtUp();
    const reconnects = running.supervisor.reconnects;
    for (let i = 0; i < 20; i++) await forge(stolen, { kind: 'key', generation: 99 + i, retired: null });
    await forge(stolen, { kind: 'key', generation: 2, retired: '0/1' });
    await forge(stolen, { kind: 'key', generation: 1, retired: '0/1' });
    await forge(Buffer.alloc(32), { kind: 'key', generation: 3, retired: null });
    await old.query('create table by_old (id int primary key); commit');
    await client.query('alter table t add v int; insert into t values (1, 1)');
    await running.caughtUp();
    await expectEqual(source, pair.target);
    expect(running.supervisor.forged).toBeGreaterThanOrEqual(3);
    expect(running.supervisor.reconnects - reconnects).toBeLessThanOrEqual(21);
    await old.end();
  });

  it('is one after the other for two at once, and none is lost when one is killed in the middle', async () => {
    await prepareSource(source, slot);
    const running = start();
    const { initSource } = await import('../../src/app/init/init-source.ts');
    const options = { url: source.url(), slot, publication: PUBLICATION, rotateKey: true };
    await Promise.all([initSource(options), initSource(options)]);
    expect(
      (await source.query('select generation from walcast.key_generation where retired is null')).map(
        ({ generation }) => generation,
      ),
    ).toEqual(['3']);
    await client.query('create table t (id int primary key); insert into t values (1)');

    // while it writes: nothing of it stays
    const blocker = await source.client();
    await blocker.query('begin; lock table walcast.key_generation in exclusive mode');
    const killed = initSource(options).catch((error: unknown) => error);
    const waiting = `select pid from pg_stat_activity where application_name = 'walcast' and wait_event_type = 'Lock' and datname = current_database()`;
    const pid = await waitFor(() => source.value(waiting), { what: 'the rotation to wait' });
    await client.query('alter table t add v int; insert into t values (2, 2)'); // nobody waits for it meanwhile
    await source.query('select pg_terminate_backend($1::int)', [pid]);
    expect(await killed).toBeInstanceOf(Error);
    await blocker.query('rollback');
    await blocker.end();
    expect(await source.value('select max(generation) from walcast.key')).toBe('3');

    // between the new key and the end of the old one: the next `init` goes on
    const old = await source.client('app');
    await old.query('begin isolation level repeatable read; select 1');
    const interrupted = initSource(options).catch((error: unknown) => error);
    await waitFor(async () => (await source.value('select max(generation) from walcast.key')) === '4', {
      what: 'the key',
    });
    await source.query(`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'walcast' and datname = current_database()
      and backend_type = 'client backend' and pid in (select pid from pg_locks where locktype = 'advisory' and granted)`);
    expect(await interrupted).toBeInstanceOf(Error);
    await old.query('create table by_old (id int primary key); commit');
    await initSource({ url: source.url(), slot, publication: PUBLICATION });
    expect(
      (await source.query('select generation from walcast.key_generation where retired is null')).map(
        ({ generation }) => generation,
      ),
    ).toEqual(['4']);
    await client.query('alter table by_old add v int');
    await running.caughtUp();
    expect(running.supervisor.forged).toBe(0);
    await expectEqual(source, pair.target);
    await old.end();
  }, 120_000);

  it('holds nobody up: DDL that was begun and not committed is not waited for, nor does it wait', async () => {
    await prepareSource(source, slot);
    const open = await source.client('app');
    await open.query('begin; create table held (id int primary key)');
    const started = performance.now();
    await renewKey(session);
    expect(performance.now() - started).toBeLessThan(5_000);
    await client.query(`set statement_timeout = '5s'; create table meanwhile (id int primary key)`);
    await open.query('alter table held add v int; commit');
    await open.end();
  });

  it('is not taken for forged by a reader that comes just when it is made: each key is asked for until it is there', async () => {
    await prepareSource(source, slot);
    await rotate();
    const address = { url: source.url(), pipeline: 'main', slot, publication: PUBLICATION };
    const { signal } = new AbortController();
    const generationsOf = async (): Promise<number[]> =>
      (await readSourceState(address, signal)).keys.map(({ generation }) => generation).sort();
    const known = await generationsOf();
    // as a statement sees it that was planned right before the new key was committed
    await source.query('alter table walcast.key_2 no inherit walcast.key');
    const asked = generationsOf();
    await waitFor(
      () =>
        source.value(`select 1 from pg_stat_activity where query like '%left join walcast.key%' and state = 'idle'
        and datname = current_database()`),
      { what: 'the reader to ask', everyMs: 5 },
    );
    await source.query('alter table walcast.key_2 inherit walcast.key');
    expect(await asked).toEqual(known);
    expect(known).toContain(2);
    await source.query('alter table walcast.key_2 no inherit walcast.key');
    await expect(generationsOf()).rejects.toMatchObject({ code: 'E_NOT_INITIALISED' });
  });
});
