import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CopiedTarget } from '../../src/app/snapshot/run-snapshot.ts';
import { expectEqual } from '../support/compare.ts';
import { runCommand } from '../support/daemon.ts';
import { type DatabasePair, testDatabases } from '../support/test-databases.ts';

describe('replicate snapshot', () => {
  let pair: DatabasePair;
  beforeEach(async () => (pair = await testDatabases()));
  afterEach(() => pair.dispose());

  const snapshot = (args: readonly string[] = [], source = pair.source.url(), target = pair.target.url()) =>
    runCommand('snapshot', { args: ['--source-url', source, '--target-url', target, ...args] });

  it('copies schema and rows, tells of it, and leaves nothing on the source', async () => {
    await pair.source.query(`create table t (id int primary key, v text); create index on t (v); create sequence s;
      insert into t select g, 'value ' || g from generate_series(1, 1000) g; select nextval('s')`);
    const { code, stdout, stderr } = await snapshot(['--json']);
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining('replica: done') as unknown });
    const [copied] = JSON.parse(stdout) as CopiedTarget[];
    expect(copied).toMatchObject({ target: 'replica', tables: 1, rows: 1_000 });
    await expectEqual(pair.source, pair.target);
    expect(await pair.source.value(`select count(*) from pg_namespace where nspname = 'walcast'`)).toBe('0');
    expect(
      await pair.source.value('select count(*) from pg_replication_slots where database = current_database()'),
    ).toBe('0');
  });

  it('ends with a line for a person, read by a role that may only read', async () => {
    await pair.source.query(
      'create table t (id int primary key); insert into t values (1), (2); grant select on t to alice',
    );
    const { code, stdout } = await snapshot([], pair.source.url('alice'));
    expect(code).toBe(0);
    expect(stdout).toMatch(/^replica: copied 1 table, 2 rows, \d+ B in [\d.]+ s/);
    expect(await pair.target.value('select count(*) from t')).toBe('2');
  });

  it('ends with 3 before anything is written where something is missing', async () => {
    await pair.target.query('create table mine (id int)');
    const { code, stdout, stderr } = await snapshot();
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(stderr).toContain('it is not empty: table public.mine');
    expect(stderr).toContain('--on-existing replace');
    expect(await pair.target.value(`select count(*) from pg_namespace where nspname = 'walcast'`)).toBe('0');
  });

  it('ends with 75 for a server that does not answer, and with 2 for a target that nobody knows', async () => {
    const nobody = 'postgres://postgres:geheim@127.0.0.1:1/x';
    const unreachable = await snapshot([], nobody);
    expect(unreachable.code).toBe(75);
    expect(unreachable.stderr).toContain('E_SOURCE_CONNECTION');
    expect(unreachable.stderr).not.toContain('geheim');
    expect((await snapshot([], pair.source.url(), nobody)).code).toBe(75);
    expect((await snapshot(['--target', 'other'])).code).toBe(2);
  });
});
