import { setTimeout } from 'node:timers/promises';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { requireCopyPossible } from '../../src/app/check/check-copy.ts';
import { checkTargets } from '../../src/app/check/check-targets.ts';
import { sourceGate } from '../../src/app/snapshot/source-gate.ts';
import { sourceOfCopy } from '../../src/app/snapshot/source-of-copy.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { Config } from '../../src/config/schema.ts';
import { isWalcastError } from '../../src/errors/walcast-error.ts';
import { migrate } from '../../src/migrate/migrate.ts';
import { createLogger } from '../../src/observe/logger.ts';
import { SnapshotProgress } from '../../src/pipeline/snapshot/progress.ts';
import { ClientSession } from '../../src/app/init/client-session.ts';
import { testMajors } from '../support/majors.ts';
import { type DatabasePair, type PrivateCluster, privateCluster, testDatabases } from '../support/test-databases.ts';
import { urlFor, withClient } from '../support/text-client.ts';
import { waitFor } from '../support/wait-for.ts';
import { schemaDump } from './support/schema-dump.ts';
import { type Standby, startStandby } from './support/standby.ts';

const signal = (): AbortSignal => AbortSignal.timeout(30_000);

/** `user` reads the source. */
function configOf(sourceUrl: string, targetUrl: string, flags: Record<string, string> = {}): Config {
  return loadConfig({ flags: { sourceUrl, targetUrl, ...flags } }).config;
}

/** Each finding that is not ok, as `level what`. */
async function preflight(config: Config, streamed = false): Promise<string[]> {
  const target = config.targets[0];
  if (target === undefined) throw new Error('no target');
  try {
    const warnings = await requireCopyPossible({ config, target, streamed, signal: signal() });
    return warnings.map(({ what }) => `warning ${what}`);
  } catch (error) {
    if (!isWalcastError(error) || error.code !== 'E_PREFLIGHT') throw error;
    expect(error.exitCode).toBe(3);
    const lines = error.message.split('\n').slice(1);
    return lines.map((line) => line.replace(/^- /, 'error '));
  }
}

describe.each(testMajors())('the preflight of a copy on PostgreSQL %i', (major) => {
  let pair: DatabasePair;
  beforeEach(async () => (pair = await testDatabases({ major })));
  afterEach(() => pair.dispose());

  it('finds nothing wrong with two plain databases, and changes neither', async () => {
    await pair.source.query('create table t (id int primary key); create sequence s');
    const [source, target] = [await schemaDump(pair.source), await schemaDump(pair.target)];
    expect(await preflight(configOf(pair.source.url(), pair.target.url()))).toEqual([]);
    expect(await schemaDump(pair.source)).toEqual(source);
    expect(await schemaDump(pair.target)).toEqual(target);
  });

  it('names tables that the reading role may not read, or would not see wholly', async () => {
    await pair.source.query(`
      create table open (id int); grant select on open to alice;
      create table closed (id int); create sequence counter;
      create table secret (id int); grant select on secret to alice;
      alter table secret enable row level security; create policy p on secret using (id = 1);
      create schema hidden; create table hidden."a.b" (id int); grant select on hidden."a.b" to alice`);
    const found = await preflight(configOf(pair.source.url('alice'), pair.target.url()));
    expect(found).toEqual([
      expect.stringMatching(/^error alice may not read hidden\."a\.b", public\.closed, public\.counter\. /),
      expect.stringMatching(
        /^error row security would hide rows of public\.secret from alice\. ALTER ROLE alice BYPASSRLS/,
      ),
    ]);
    const own = await preflight(configOf(pair.source.url(), pair.target.url()));
    expect(own).toEqual([]);
  });

  it.each([
    ['table', 'create table t (id int)', 'table public.t'],
    ['function', 'create function f() returns int language sql as $$select 1$$', 'function public.f()'],
    ['type', `create type mood as enum ('a')`, 'type public.mood'],
    ['schema', 'create schema "a b"', 'schema "a b"'],
  ])('refuses a target that holds a %s, unless it is told what to do', async (_kind, sql, shown) => {
    await pair.target.query(sql);
    const urls = [pair.source.url(), pair.target.url()] as const;
    expect(await preflight(configOf(...urls))).toEqual([
      expect.stringContaining(`error target replica: it is not empty: ${shown}. Name an empty database`),
    ]);
    for (const onExisting of ['append', 'replace']) {
      expect(await preflight(configOf(...urls, { onExisting }))).toEqual([
        expect.stringContaining(`it is not empty: ${shown}; ${onExisting}: `),
      ]);
    }
  });

  it('lets a copy go on that was begun', async () => {
    const config = configOf(pair.source.url(), pair.target.url());
    const session = await ClientSession.connect(pair.target.url(), 'target');
    try {
      await migrate(session, { set: 'target' });
    } finally {
      await session.close();
    }
    await pair.target.query('create table t (id int)');
    expect(await preflight(config)).toHaveLength(1);
    await pair.target.query(`insert into walcast.snapshot
      (system_identifier, database, pipeline, phase, on_existing, schema_snapshot, schema_until, holder)
      values ('1', 'x', 'main', 'rows', 'fail', '1:1:', '0/1', gen_random_uuid())`);
    expect(await preflight(config)).toEqual([]);
    // a copy that is whole is no reason to go on: another one would be laid over it
    await pair.target.query(`update walcast.snapshot set phase = 'done'`);
    expect(await preflight(config)).toHaveLength(1);
    expect(await preflight(config, true)).toEqual([]);
  });

  it('compares encoding and order of text', async () => {
    const name = `${pair.target.name}_latin`;
    await pair.source.query(`create table names (name text) partition by range (name)`);
    await pair.target.query(`create database ${name} encoding 'LATIN1' locale 'C' template template0`);
    try {
      const found = await preflight(configOf(pair.source.url(), urlFor(pair.target.server.url, name)));
      expect(found[0]).toContain(`its encoding LATIN1 cannot hold all that the source's UTF8 can. Create the database`);
    } finally {
      await pair.target.query(`drop database ${name} with (force)`);
    }
  });

  it('names roles that the target lacks', async () => {
    const role = `${pair.source.name}_only`;
    await pair.source.query(`create role ${role}; create table mine (id int); alter table mine owner to ${role}`);
    try {
      expect(await preflight(configOf(pair.source.url(), pair.target.url()))).toEqual([
        expect.stringContaining(`error target replica: role ${role} is missing. Create it there (NOLOGIN is enough)`),
      ]);
    } finally {
      await pair.source.query(`drop owned by ${role}; drop role ${role}`);
    }
  });

  it('is part of check where run would fill the target, and asks nothing of one that is followed already', async () => {
    await pair.target.query('create table t (id int)');
    const urls = [pair.source.url(), pair.target.url()] as const;
    const errors = async (flags: Record<string, string>): Promise<string[]> =>
      (await checkTargets(configOf(...urls, flags), signal())).flatMap(({ level, what }) =>
        level === 'error' ? [what] : [],
      );
    expect(await errors({})).toEqual(['target replica: it is not empty: table public.t']);
    expect(await errors({ snapshotMode: 'never' })).toEqual([]);
  });

  it('tells a source that is unreachable from one that is not fit', async () => {
    const config = configOf('postgres://postgres@127.0.0.1:1/x', pair.target.url());
    await expect(preflight(config)).rejects.toMatchObject({ code: 'E_SOURCE_CONNECTION', exitCode: 75 });
    const other = configOf(pair.source.url(), 'postgres://postgres@127.0.0.1:1/x');
    await expect(preflight(other)).rejects.toMatchObject({ code: 'E_TARGET_CONNECTION', exitCode: 75 });
  });

  it('knows the source by what every role may ask', async () => {
    const position = await sourceOfCopy(pair.source.url('alice'), 'main', signal());
    expect(position).toMatchObject({
      systemIdentifier: await pair.source.value('select system_identifier from pg_control_system()'),
      database: pair.source.name,
      timeline: 1,
    });
    expect(Math.trunc(position.serverVersion / 10_000)).toBe(major);
  });
});

describe('an older target', () => {
  const majors = testMajors();
  const [oldest = 0, newest = 0] = [Math.min(...majors), Math.max(...majors)];

  it.runIf(oldest < 18 && newest >= 18)('gets a warning for each thing that it does not know', async () => {
    const pair = await testDatabases({ major: newest, targetMajor: oldest });
    try {
      await pair.source.query(`
        create table v (a int, b int generated always as (a * 2) virtual);
        create table e (a int constraint positive check (a > 0) not enforced);
        create table u (a int unique nulls not distinct)`);
      const found = await preflight(configOf(pair.source.url(), pair.target.url()));
      expect(found).toEqual(
        expect.arrayContaining([
          expect.stringMatching(/virtual generated columns need PostgreSQL 18: public\.v$/),
          expect.stringMatching(/NOT ENFORCED.* need PostgreSQL 18: public\.e$/),
        ]),
      );
      expect(found.some((line) => line.includes('NULLS NOT DISTINCT'))).toBe(oldest < 15);
    } finally {
      await pair.dispose();
    }
  });
});

describe('a source with others to serve', () => {
  let source: PrivateCluster;
  let standby: Standby | null = null;
  beforeEach(async () => {
    source = await privateCluster({ role: 'source', settings: { max_slot_wal_keep_size: '64MB' } });
  });
  afterEach(async () => {
    await standby?.dispose();
    standby = null;
    await source.dispose();
  });

  it('is not read while another slot in use keeps too much WAL', async () => {
    const url = source.cluster.url();
    const logger = createLogger({ level: 'silent', format: 'json' });
    const gate = sourceGate({ url, ownSlot: 'own', maxRetainedBytes: 1024 * 1024, logger, everyMs: 20 });
    const progress = new SnapshotProgress();
    const write = `select pg_logical_emit_message(false, 'x', repeat('y', 3000000))`;
    await withClient(url, async (client) => {
      for (const slot of ['own', 'theirs'])
        await client.query(`select pg_create_physical_replication_slot('${slot}', true)`);
      await client.query(write);
      // nobody reads it: it would never catch up
      await gate(progress, signal());
      const reader = new pg.Client({ connectionString: url, replication: 'true' } as pg.ClientConfig);
      reader.on('error', () => undefined);
      await reader.connect();
      const { rows } = await client.query<{ at: string }>(
        `select restart_lsn::text as at from pg_replication_slots where slot_name = 'theirs'`,
      );
      reader.query(`START_REPLICATION SLOT theirs PHYSICAL ${rows[0]?.at}`).catch(() => undefined);
      const active = `select 1 as one from pg_replication_slots where slot_name = 'theirs' and active`;
      await waitFor(async () => (await client.query(active)).rowCount === 1, { what: 'the slot to be in use' });
      // as a worker does, range after range
      const done = new AbortController();
      const working = (async () => {
        while (!done.signal.aborted) {
          await gate(progress, signal());
          await setTimeout(5);
        }
      })();
      await waitFor(() => progress.report().paused !== null, { what: 'the copy to pause', timeoutMs: 30_000 });
      expect(progress.report().paused).toMatch(/^slot theirs keeps .* more than snapshot\.max_retained_wal, 1\.0 MB$/);
      await client.query(
        `select pg_terminate_backend(active_pid) from pg_replication_slots where slot_name = 'theirs'`,
      );
      await waitFor(() => progress.report().paused === null, { what: 'the copy to go on', timeoutMs: 30_000 });
      done.abort();
      await working;
      await reader.end().catch(() => undefined);
    });
  });

  it('is told of by its limit for slots, and may be a standby where nothing is followed', async () => {
    await withClient(source.cluster.url(), async (client) => {
      await client.query('create unlogged table u (id int)');
      await client.query(`create table big as select g, repeat('x', 1000) as pad from generate_series(1, 100000) g`);
      await client.query('analyze big');
    });
    const target = await testDatabases();
    try {
      expect(await preflight(configOf(source.cluster.url(), target.target.url()), true)).toEqual([
        expect.stringMatching(/^warning rows of unlogged tables .*: public\.u$/),
        expect.stringMatching(
          /^warning during the initial copy of about 1\d\d MB .* max_slot_wal_keep_size is 64\.0 MB$/,
        ),
      ]);
      standby = await startStandby(source);
      expect(await preflight(configOf(standby.url, target.target.url()))).toEqual([
        expect.stringMatching(/^warning rows of unlogged tables are not copied \(a standby has no rows of them\)/),
        expect.stringMatching(/^warning this standby cancels reads/),
      ]);
      const identity = await sourceOfCopy(standby.url, 'main', signal());
      expect(identity.systemIdentifier).not.toBe('');
      expect(await preflight(configOf(target.source.url(), standby.url))).toEqual(
        expect.arrayContaining([expect.stringMatching(/^error target replica: it is a standby\./)]),
      );
    } finally {
      await target.dispose();
    }
  });
});
