import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { testMajors } from '../support/majors.ts';
import {
  type Attempt,
  COMMIT_ATTEMPTS,
  DEFERRED_ATTEMPT,
  ESCAPE_FUNCTIONS,
  ROW_ATTEMPTS,
  STATEMENT_ATTEMPTS,
} from './cases/escape-attempts.ts';
import { ReplayedPair } from './cases/replayed-pair.ts';

/** Anybody may do these, and they change nothing that outlives the statement. */
const HARMLESS = /^(reset all|reset role|set role none|reset session authorization|set session authorization default)$/;

describe.each(testMajors())('PostgreSQL %i: code of a plain user on the target', (major) => {
  let pair: ReplayedPair;
  let user: pg.Client;

  beforeAll(async () => {
    pair = await ReplayedPair.create(major, { rowSearchPath: '"$user", public' });
    user = await pair.databases.source.client('app');
    await user.query(ESCAPE_FUNCTIONS);
    await user.query('create table victim (id int primary key); insert into victim values (1)');
    await pair.catchUp();
  });
  afterAll(() => pair.dispose());

  /** @returns what the code did, from the notices that it raised on the target */
  async function replay(statements: readonly string[]): Promise<{ command: string; outcome: string; role: string }[]> {
    pair.notices.length = 0;
    for (const sql of statements) await user.query(sql);
    await user.query('reset all'); // what its functions left behind in this session is not our matter
    await pair.catchUp();
    return reported();
  }

  function reported(): { command: string; outcome: string; role: string }[] {
    return pair.notices.flatMap((notice) => {
      const match = /^ESCAPE \S+ \S+ (.*) (ALLOWED|REFUSED) as (\S+)$/s.exec(notice);
      return match === null ? [] : [{ command: match[1] ?? '', outcome: match[2] ?? '', role: match[3] ?? '' }];
    });
  }

  async function expectConfined(): Promise<void> {
    const done = reported();
    expect(done.filter(({ role }) => role !== 'app')).toEqual([]);
    expect(done.filter(({ command, outcome }) => outcome === 'ALLOWED' && !HARMLESS.test(command))).toEqual([]);
    const risen =
      "select rolname from pg_roles where rolname = 'evil' or (rolname in ('app', 'bob', 'alice') and rolsuper)";
    const found = await pair.databases.target.query(risen);
    // other suites use the same servers and roles
    if (found.length > 0) await pair.databases.target.query('alter role app nosuperuser; drop role if exists evil');
    expect(found).toEqual([]);
  }

  describe.each<[string, readonly Attempt[]]>([
    ['in statements', STATEMENT_ATTEMPTS],
    ['in rows', ROW_ATTEMPTS],
    ['at COMMIT', COMMIT_ATTEMPTS],
  ])('%s', (_, attempts) => {
    test.each(attempts)('stays in the rights of its owner: $name', async ({ sql, runs }) => {
      const done = await replay(sql);
      await expectConfined();
      if (runs) expect(done.length).toBeGreaterThan(0);
    });
  });

  test('a deferred trigger made to fire for replicated rows stops the transaction before COMMIT', async () => {
    await expect(replay(DEFERRED_ATTEMPT)).rejects.toMatchObject({ code: 'E_USER_CODE_AT_COMMIT' });
    await expectConfined();
  });

  test('nobody may call the function of a role, and a replaced owner is noticed', async () => {
    const { target } = pair.databases;
    const [made] = await target.query(
      "select oid::regprocedure::text as name from pg_proc where proname like 'run\\_as\\_%'",
    );
    const bob = await target.client('bob');
    await expect(
      bob.query(`select ${made?.['name']?.replace(/\(.*/, '') ?? ''}('select 1', null, null)`),
    ).rejects.toThrow('permission denied for schema walcast');
    await target.query(`alter function ${made?.['name'] ?? ''} owner to bob`);
    await replay(['create table after_change (id int primary key)']);
    expect(await target.value("select tableowner from pg_tables where tablename = 'after_change'")).toBe('app');
  });

  test('rows of a superuser’s table that reach a plain user’s code stop, unless a role is named for them', async () => {
    const { source, target } = pair.databases;
    // harmless code: a superuser of the source runs it there too
    const table = `set role app; create domain noted as int check (public.note_role('domain') > 0); reset role;
      create table of_superuser (id int primary key, d noted)`;
    await source.query(table);
    await pair.catchUp();
    const named = await ReplayedPair.create(major, { rowsRole: 'rows_writer' });
    try {
      await named.databases.source.query(
        `set role app; ${ESCAPE_FUNCTIONS}; reset role; ${table}; insert into of_superuser values (1, 1)`,
      );
      await named.databases.target.query(
        `do $$ begin create role rows_writer; exception when duplicate_object then null; end $$; grant pg_write_all_data, pg_read_all_data to rows_writer`,
      );
      await named.catchUp();
      expect(named.notices.at(-1)).toBe('ESCAPE domain postgres note REFUSED as rows_writer');
      expect(await named.databases.target.query('select * from of_superuser')).toHaveLength(1);
    } finally {
      await named.dispose();
    }
    await source.query('insert into of_superuser values (1, 1)');
    await expect(pair.catchUp()).rejects.toMatchObject({ code: 'E_USER_CODE_SUPERUSER' });
    expect(await target.query('select * from of_superuser')).toEqual([]);
  });

  test('a message that our triggers did not write has no effect but a count', async () => {
    const before = pair.forged;
    await user.query(
      `select pg_logical_emit_message(true, 'walcast', '{"mac":"${'0'.repeat(64)}","v":1,"kind":"ddl"}')`,
    );
    await pair.catchUp();
    expect(pair.forged).toBe(before + 1);
  });
});
