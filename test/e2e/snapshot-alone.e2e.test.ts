import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { expectEqual } from '../support/compare.ts';
import { testMajors } from '../support/majors.ts';
import { BULK } from '../support/snapshot/bulk.ts';
import { BIRTH } from '../support/snapshot/changes.ts';
import { copied, copyCommand, type CopyCommandOptions, interruptedCopy } from '../support/snapshot/copy-command.ts';
import { type DatabasePair, privateCluster, testDatabases } from '../support/test-databases.ts';
import { urlFor } from '../support/text-client.ts';
import { startStandby } from '../pg/support/standby.ts';

/** What a copy could have left on its source. */
const TRACES = `
select (select count(*) from pg_replication_slots where database = current_database())
  + (select count(*) from pg_namespace where nspname = 'walcast') + (select count(*) from pg_event_trigger) + (select count(*) from pg_publication)`;

const ALL_ROWS = `
select sum((xpath('/row/n/text()', query_to_xml(format('select count(*) as n from only %s', oid::regclass), false, true, '')))[1]::text::bigint)
from pg_class where relkind = 'r' and relnamespace not in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)`;

const EMPTY_ALL = `do $$ begin
  execute (select 'truncate ' || string_agg(oid::regclass::text, ', ') from pg_class where relkind in ('r', 'p') and oid >= 16384);
end $$`;

const READ_BY_ALICE = `
grant select on all tables in schema public, "Odd ""schema"".x" to alice;
grant select on all sequences in schema public, "Odd ""schema"".x" to alice;
grant usage on schema "Odd ""schema"".x" to alice;`;

describe.each(testMajors())('replicate snapshot on PostgreSQL %i', (major) => {
  let pair: DatabasePair;
  beforeEach(async () => {
    pair = await testDatabases({ major });
    await pair.source.query(BIRTH);
  });
  afterEach(() => pair.dispose());

  const options = (more: Partial<CopyCommandOptions> = {}): CopyCommandOptions => ({
    sourceUrl: pair.source.url(),
    targetUrl: pair.target.url(),
    ...more,
  });

  it.each(['pg_dump', 'catalog'])('copies what a role that only reads may see, the schema by %s', async (by) => {
    const { source, target } = pair;
    await source.query(`create table owned (id int primary key, v text); alter table owned owner to bob;
      insert into owned values (1, 'one'); create policy mine on small to alice using (true); ${READ_BY_ALICE}`);
    const line = await copied(options({ sourceUrl: source.url('alice'), snapshot: { schema_source: by } }));
    expect(line.target).toBe('replica');
    expect(line.rows).toBe(Number(await source.value(ALL_ROWS)));
    await expectEqual(source, target);
    expect(await source.value(TRACES)).toBe('0');
    const counter = `select last_value || ' ' || is_called from counter`;
    expect(await target.value(counter)).toBe(await source.value(counter));
  });

  it('refuses to copy a table of which row security would hide rows, and names it', async () => {
    const { source, target } = pair;
    await source.query(
      `${READ_BY_ALICE} alter table small enable row level security; create policy few on small to alice using (id < 10)`,
    );
    const refused = await copyCommand(options({ sourceUrl: source.url('alice') }));
    expect(refused.code).toBe(3);
    expect(refused.stderr).toMatch(/row security would hide rows of public\.small/);
    expect(await target.value(`select count(*) from pg_class where relname = 'small'`)).toBe('0');
  });

  it('refuses a target that holds something, and leaves it as it was', async () => {
    await pair.target.query('create table mine (id int); insert into mine values (1)');
    const refused = await copyCommand(options({ args: ['--on-existing', 'fail'] }));
    expect(refused.code).toBe(3);
    expect(refused.stderr).toContain('mine');
    const tables = `select string_agg(relname, ',') from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace`;
    expect(await pair.target.value(tables)).toBe('mine');
    expect(await pair.target.value('select count(*) from mine')).toBe('1');
  });

  it('adds to a target that holds something if it is told to append', async () => {
    const { source, target } = pair;
    await target.query(BIRTH);
    await target.query(EMPTY_ALL);
    await target.query(
      `create table mine (id int); insert into mine values (1); insert into small values (-1, 'was here')`,
    );
    await copied(options({ args: ['--on-existing', 'append'] }));
    expect(await target.value('select count(*) from mine')).toBe('1');
    expect(await target.value('select note from small where id = -1')).toBe('was here');
    await target.query('drop table mine; delete from small where id = -1');
    await expectEqual(source, target);
  });

  it('replaces a target that holds something, also one that is in use', async () => {
    const { source, target } = pair;
    await target.query(`create table mine (id int); create table small (other text); insert into small values ('old')`);
    const visitor = await target.client();
    await visitor.query('select count(*) from small');
    await copied(options({ args: ['--on-existing', 'replace'] }));
    await visitor.end().catch(() => undefined);
    await expectEqual(source, target);
    const left = `select count(*) from pg_database where datname like $1 || '\\_\\_walcast%'`;
    expect(await target.value(left, [target.name])).toBe('0');
  });

  it('leaves the good copy alone when replacing it fails, and replaces it the next time', async () => {
    const { source, target } = pair;
    await target.query('create table mine (id int); insert into mine values (1)');
    // A check that fulfils itself on the source alone: the rows are refused after the schema was made.
    await source.query(`
      create function only_here(i int) returns boolean language sql immutable as $$ select current_database() like 'test\\_source%' $$;
      create table refused (id int primary key check (only_here(id))); insert into refused values (1)`);
    const failed = await copyCommand(options({ args: ['--on-existing', 'replace'] }));
    expect(failed.code).not.toBe(0);
    expect(failed.stderr).toContain('refused');
    expect(await target.value('select count(*) from mine')).toBe('1');
    await source.query('drop table refused; drop function only_here(int)');
    await copied(options({ args: ['--on-existing', 'replace'] }));
    await expectEqual(source, target);
  });

  it('goes on where it was after SIGKILL and after SIGTERM', async () => {
    const { source, target } = pair;
    await source.query(BULK);
    await source.query('vacuum analyze');
    const all = options({ snapshot: { workers: 1, range_size: '1MB' } });
    for (const afterMs of [1_500, 2_500]) await interruptedCopy(all, 'SIGKILL', afterMs);
    const ended = await interruptedCopy(all, 'SIGTERM', 2_000);
    if (ended.code !== 0) expect(ended).toMatchObject({ code: 143, stderr: expect.stringContaining('goes on') });
    const line = await copied(all);
    expect(line.rows).toBe(Number(await source.value(ALL_ROWS)));
    await expectEqual(source, target);
  });
});

describe('replicate snapshot', () => {
  it('reads from a standby', async () => {
    const primary = await privateCluster({ role: 'source' });
    try {
      const [database, { target, dispose }] = [await primary.database(), await testDatabases()];
      await database.query(BIRTH);
      const standby = await startStandby(primary);
      try {
        await copied({ sourceUrl: urlFor(standby.url, database.name), targetUrl: target.url() });
        await expectEqual(database, target);
      } finally {
        await standby.dispose();
        await dispose();
      }
    } finally {
      await primary.dispose();
    }
  });
});
