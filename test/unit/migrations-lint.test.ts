import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadModule } from 'libpg-query';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { EXEMPT } from '../../tools/migrations/classes.ts';
import { lintMigration } from '../../tools/migrations/lint.ts';
import { examineMigrations } from '../../tools/migrations/verify-files.ts';
import { writeVerifyFiles } from '../../tools/migrations/write-verify-files.ts';

const MIGRATIONS = join(import.meta.dirname, '../../migrations');
const lint = (sql: string, file = 'core/0001_x.up.sql') => lintMigration(file, sql);

beforeAll(loadModule);

describe('our migrations', () => {
  it('hold at most one change of the schema each, all classified, and their verify files are as generated', () => {
    const { problems, stale, verifyFiles } = examineMigrations(MIGRATIONS);
    expect(problems).toEqual([]);
    expect(stale, 'run `npm run migrations:verify-files`').toEqual([]);
    expect(verifyFiles.size).toBeGreaterThan(0);
  });

  it('are all looked at, but for the exempt ones', async () => {
    const files = (await readdir(MIGRATIONS, { recursive: true })).map((file) => file.replace(/^.*\//, ''));
    expect(Object.keys(EXEMPT).filter((file) => !files.includes(file))).toEqual([]);
    expect(Object.keys(EXEMPT).every((file) => file.startsWith('0000_bootstrap.'))).toBe(true);
  });
});

describe('the lint of migrations', () => {
  it.each([
    ['several changes', 'create table walcast.a (); create table walcast.b ()', /2 changes of the schema/],
    ['a change hidden in EXECUTE', `do $$ begin execute 'drop table x'; end $$`, /dynexecute/],
    [
      'one hidden in the query of a loop',
      `do $$ declare r record; begin for r in execute 'x' loop end loop; end $$`,
      /dynfors/,
    ],
    ['a change in a branch of a DO block', 'do $$ begin if true then create table t (); end if; end $$', /CreateStmt/],
    ['a call in a DO block', 'do $$ begin perform f(); end $$', /perform/],
    ['a DO block in another language', 'do language plperl $$ 1 $$', /LANGUAGE/],
    ['statements nobody has classified', 'create extension x', /CreateExtensionStmt is not classified/],
    ['transactions', 'begin; create table walcast.t (); commit', /TransactionStmt/],
    ['settings that would last', 'set search_path = x', /VariableSetStmt/],
    ['CREATE TABLE AS', 'create table walcast.t as select 1', /CreateTableAsStmt/],
    ['SELECT INTO', 'select 1 into walcast.t', /SELECT INTO/],
    ['CONCURRENTLY', 'create index concurrently if not exists i on walcast.t (a)', /CONCURRENTLY/],
    ['DROP CONCURRENTLY', 'drop index concurrently walcast.i', /CONCURRENTLY/],
    ['DROP INDEX of one that may be gone', 'drop index walcast.i', /IF EXISTS/],
    ['several objects of one DROP', 'drop table walcast.a, walcast.b', /several objects/],
    ['a schema with objects', 'create schema s create table t ()', /objects in it/],
    ['an index that cannot be made again', 'create index i on walcast.t (a)', /IF NOT EXISTS/],
    ['an index without a name', 'create index on walcast.t (a)', /without a name/],
    [
      'a constraint that cannot be added again',
      'alter table walcast.t add constraint c check (a > 0)',
      /DROP CONSTRAINT IF EXISTS/,
    ],
    [
      'a constraint that replaces another one',
      'alter table walcast.t drop constraint if exists b, add constraint c check (a > 0)',
      /several commands/,
    ],
    ['a constraint without a name', 'alter table walcast.t add check (a > 0)', /without a name/],
    [
      'a constraint that is never validated',
      'alter table walcast.t drop constraint if exists c, add constraint c check (a > 0) not enforced',
      /NOT ENFORCED/,
    ],
    [
      'a column with a constraint',
      'alter table walcast.t add column a int references walcast.b',
      /in a file of its own/,
    ],
    [
      'several commands of one ALTER TABLE',
      'alter table walcast.t add column a int, add column b int',
      /several commands/,
    ],
    ['commands nobody has classified', 'alter table walcast.t cluster on i', /AT_ClusterOn/],
    ['views altered as tables', 'alter view walcast.v alter column a set default 1', /OBJECT_VIEW/],
    [
      'rows beside what may run again',
      'create index if not exists i on walcast.t (a); insert into walcast.t values (1)',
      /may run again/,
    ],
    ['a table without its schema', 'create index if not exists i on t (a)', /without its schema/],
    [
      'identifiers that would have to be escaped',
      `create index if not exists "i'" on walcast.t (a)`,
      /"i'".*letters, digits/,
    ],
    ['such a schema', 'create index if not exists i on "wal cast".t (a)', /"wal cast"/],
    ['such a table', 'alter table walcast."t-1" validate constraint c', /"t-1"/],
    ['such a constraint', 'alter table walcast.t validate constraint "ç"', /"ç"/],
  ])('refuses %s', (_, sql, problem) => {
    const { problems, subject } = lint(sql);
    expect(problems.join('\n')).toMatch(problem);
    expect(problems[0]).toMatch(/^core\/0001_x\.up\.sql: /);
    if (!sql.includes('insert')) expect(subject).toBeNull();
  });

  it.each([
    [
      'create table walcast.t (a int primary key references walcast.b, unique (a)); revoke all on walcast.t from public; comment on table walcast.t is $$;$$',
    ],
    [
      'create table walcast.t (a int); insert into walcast.t values (1); do $$ begin insert into walcast.t values (2); end $$',
    ],
    ['alter table walcast.t add constraint c check (a > 0) not valid'],
    ['alter table walcast.t add column b int not null default 3'],
    ['alter table walcast.t alter column b set not null'],
    ['alter event trigger e enable always'],
    ['drop table walcast.t; delete from walcast.b'],
    ['select walcast.f()'],
    ['-- nothing'],
  ])('lets pass, without a verification: %s', (sql) => {
    expect(lint(sql)).toEqual({ subject: null, problems: [] });
  });

  it.each([
    [
      'create index if not exists i_1 on walcast.t (lower(a)) where b',
      { kind: 'index', schema: 'walcast', table: 't', name: 'i_1' },
    ],
    [
      'create unique index if not exists "I" on walcast.t (a); comment on index walcast."I" is $$x$$',
      { kind: 'unique index', schema: 'walcast', table: 't', name: 'I' },
    ],
    [
      'alter table walcast.t drop constraint if exists c, add constraint c unique (a)',
      { kind: 'constraint', schema: 'walcast', table: 't', name: 'c' },
    ],
    [
      'alter table only walcast.t drop constraint if exists c, add constraint c foreign key (a) references walcast.b',
      { kind: 'constraint', schema: 'walcast', table: 't', name: 'c' },
    ],
    ['alter table walcast.t validate constraint c', { kind: 'constraint', schema: 'walcast', table: 't', name: 'c' }],
  ])('has verified: %s', (sql, subject) => {
    expect(lint(sql)).toEqual({ subject, problems: [] });
    expect(lint(sql, 'core/0001_x.down.sql').subject).toBeNull();
  });

  it('exempts the bootstrap, and no file that only looks like it', () => {
    const sql = 'create schema if not exists walcast; create table if not exists walcast.t ()';
    expect(lint(sql, 'core/0000_bootstrap.up.sql').problems).toEqual([]);
    expect(lint(sql, 'core/0001_bootstrap.up.sql').problems).toHaveLength(1);
  });
});

describe('verify files', () => {
  const folders: string[] = [];
  afterEach(() => Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true }))));

  async function folderWith(files: Readonly<Record<string, string>>): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'walcast-migrations-'));
    folders.push(folder);
    await mkdir(join(folder, 'core'));
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, 'core', name), text);
    return folder;
  }
  const index = 'create index if not exists i on walcast.t (a);\n';

  it('are written, kept when nothing changed, and known when stale, missing or orphaned', async () => {
    const folder = await folderWith({ '0001_i.up.sql': index, '0001_i.down.sql': 'drop index if exists walcast.i;\n' });
    expect(examineMigrations(folder).stale).toEqual(['core/0001_i.verify.sql']);
    await writeVerifyFiles(folder);
    expect(examineMigrations(folder).stale).toEqual([]);
    expect((await writeVerifyFiles(folder)).stale).toEqual([]);

    await writeFile(join(folder, 'core/0001_i.up.sql'), index.replace('walcast.t', 'walcast.other'));
    expect(examineMigrations(folder).stale).toEqual(['core/0001_i.verify.sql']);
    await writeVerifyFiles(folder);

    await cp(join(folder, 'core/0001_i.verify.sql'), join(folder, 'core/0002_gone.verify.sql'));
    expect(examineMigrations(folder).stale).toEqual(['core/0002_gone.verify.sql']);
    await writeVerifyFiles(folder);
    expect((await readdir(join(folder, 'core'))).sort()).toEqual([
      '0001_i.down.sql',
      '0001_i.up.sql',
      '0001_i.verify.sql',
    ]);
  });

  it('are left alone as long as a migration is refused', async () => {
    const folder = await folderWith({ '0001_i.up.sql': index, '0002_x.up.sql': 'create extension x' });
    expect((await writeVerifyFiles(folder)).problems).toHaveLength(1);
    expect(await readdir(join(folder, 'core'))).toHaveLength(2);
  });

  it('look the same on every machine', async () => {
    const folder = await folderWith({ '0001_i.up.sql': index });
    await writeVerifyFiles(folder);
    const text = examineMigrations(folder).verifyFiles.get('core/0001_i.verify.sql') ?? '';
    await writeFile(join(folder, 'core/0001_i.verify.sql'), text.replaceAll('\n', '\r\n'));
    expect(examineMigrations(folder).stale).toEqual([]);
  });
});
