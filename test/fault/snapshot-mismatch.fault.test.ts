import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { expectEqual } from '../support/compare.ts';
import { copied, copyCommand, type CopyCommandOptions } from '../support/snapshot/copy-command.ts';
import { type DatabasePair, testDatabases } from '../support/test-databases.ts';
import { urlFor, withClient } from '../support/text-client.ts';

const ROWS = `create table words (id int primary key, word text); insert into words values (1, 'grün'), (2, '日本'), (3, '😀')`;

describe('a target that is not like the source', () => {
  let pair: DatabasePair;
  let made: string[];
  beforeEach(() => {
    made = [];
  });
  afterEach(async () => {
    for (const name of made) await admin(`drop database if exists ${name} with (force)`);
    await pair.dispose();
  });

  const admin = (sql: string): Promise<unknown> => withClient(pair.target.server.url, (client) => client.query(sql));
  /** A database of the target's server; its URL. */
  const database = async (settings: string): Promise<string> => {
    const name = `${pair.target.name}_${made.length}`;
    made.push(name);
    await admin(`create database ${name} template template0 ${settings}`);
    return urlFor(pair.target.server.url, name);
  };
  const tablesAt = (url: string): Promise<unknown> =>
    withClient(
      url,
      async (client) =>
        (await client.query(`select relname from pg_class where relkind = 'r' and oid >= 16384`)).rows.length,
    );
  const options = (targetUrl: string): CopyCommandOptions => ({ sourceUrl: pair.source.url(), targetUrl });

  it.each(['LATIN1', 'SQL_ASCII'])(
    'has the encoding %s: refused before anything is made, by check and by snapshot',
    async (encoding) => {
      pair = await testDatabases();
      await pair.source.query(ROWS);
      const url = await database(`encoding '${encoding}'`);
      const cure = /its encoding (LATIN1|SQL_ASCII) cannot hold .*(\n.*)?ENCODING 'UTF8'/;
      for (const command of ['check', 'snapshot']) {
        const refused = await copyCommand(options(url), command);
        expect(refused.code).toBe(3);
        expect(refused.stdout + refused.stderr).toMatch(cure);
      }
      expect(await tablesAt(url)).toBe(0);
      await copied(options(pair.target.url()));
      await expectEqual(pair.source, pair.target);
    },
  );

  it('orders text in another way: a warning, and the copy is whole', async () => {
    pair = await testDatabases({ major: 18 });
    await pair.source.query(ROWS);
    const url = await database(`locale_provider builtin builtin_locale 'C.UTF-8'`);
    const checked = await copyCommand(options(url), 'check');
    expect(checked.stdout + checked.stderr).toMatch(/text is ordered by builtin C\.UTF-8, on the source by libc C/);
    const done = await copyCommand(options(url));
    expect(done.code).toBe(0);
    expect(done.stderr).toMatch(/text is ordered by builtin C\.UTF-8/);
    await expectEqual(pair.source.url(), url);
  });

  it.each([
    [
      'virtual generated columns',
      'create table newer (id int primary key, a int, twice int generated always as (a * 2) virtual)',
      'alter table newer drop column twice',
      /twice|VIRTUAL/i,
      'pre-data',
    ],
    [
      'NOT ENFORCED',
      'create table newer (id int primary key, a int, constraint loose check (a > 0) not enforced)',
      'alter table newer drop constraint loose',
      /loose/,
      'post-data',
    ],
  ])(
    'is older and lacks %s: check warns, the copy stops with the statement; changed on the source, it comes to its end',
    async (_, newer, older, named, section) => {
      pair = await testDatabases({ major: 18, targetMajor: 15 });
      await pair.source.query(`${ROWS}; ${newer}; insert into newer (id, a) values (1, 2)`);
      const checked = await copyCommand(options(pair.target.url()), 'check');
      expect(checked.stdout + checked.stderr).toMatch(/need PostgreSQL 18: public\.newer/);
      const stopped = await copyCommand(options(pair.target.url()));
      expect(stopped.code).toBe(1);
      expect(stopped.stderr).toContain('E_SNAPSHOT_STATEMENT');
      expect(stopped.stderr).toMatch(named);
      await pair.source.query(older);
      const again = options(pair.target.url());
      if (section === 'pre-data') await copied(again);
      else {
        // The rows are there: the copy stays what it is until it is forgotten.
        const still = await copyCommand(again);
        expect(still.stderr).toContain('E_SNAPSHOT_STATEMENT');
        const forgotten = await copyCommand({ ...again, args: ['--yes'] }, 'destroy');
        expect(forgotten).toMatchObject({ code: 0 });
        await copied({ ...again, args: ['--on-existing', 'replace'] });
      }
      await expectEqual(pair.source, pair.target);
    },
  );

  it('is older and is to be replaced: stopped with the statement, and what is there stays until a schema fits', async () => {
    pair = await testDatabases({ major: 18, targetMajor: 15 });
    await pair.target.query('create table mine (id int)');
    await pair.source.query(`${ROWS}; create table newer (id int, twice int generated always as (id * 2) virtual)`);
    const replaced = { ...options(pair.target.url()), args: ['--on-existing', 'replace'] };
    const stopped = await copyCommand(replaced);
    expect(stopped.code).toBe(1);
    expect(stopped.stderr).toContain('E_SNAPSHOT_STATEMENT');
    expect(await pair.target.value('select count(*) from mine')).toBe('0');
    await pair.source.query('alter table newer drop column twice');
    await copied(replaced);
    await expectEqual(pair.source, pair.target);
  });
});
