import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OID_SHIFT } from '../support/prepare-server.ts';
import { privateCluster, testDatabases } from '../support/test-databases.ts';
import type { DatabasePair, PrivateCluster } from '../support/test-databases.ts';
import { testMajors } from '../support/majors.ts';
import { waitFor } from '../support/wait-for.ts';
import { withClient } from '../support/text-client.ts';

describe.each(testMajors())('test databases on PostgreSQL %i', (major) => {
  let pair: DatabasePair;
  beforeAll(async () => {
    pair = await testDatabases({ major });
  });
  afterAll(() => pair.dispose());

  it('are two databases of that version, ready for logical replication', async () => {
    for (const database of [pair.source, pair.target]) {
      const [row] = await database.query(
        `select current_setting('server_version_num')::int / 10000 as major, current_setting('wal_level') as wal_level,
           current_setting('server_encoding') as encoding, current_database() as name`,
      );
      expect(row).toEqual({ major: String(major), wal_level: 'logical', encoding: 'UTF8', name: database.name });
    }
    expect(pair.source.server.url).not.toBe(pair.target.server.url);
  });

  it('give the same table oids that are far apart', async () => {
    const sql = `create table probe (); select 'probe'::regclass::oid as oid`;
    const source = Number(await pair.source.value(sql));
    const target = Number(await pair.target.value(sql));
    expect(Math.abs(target - source)).toBeGreaterThan(OID_SHIFT / 2);
  });

  it('let ordinary users create things, and nothing more', async () => {
    for (const user of ['alice', 'bob', 'app']) {
      const client = await pair.source.client(user);
      await client.query(`create table public.of_${user} (id int); create schema ${user}`);
      await expect(client.query('create role mallory')).rejects.toMatchObject({ code: '42501' });
    }
    const app = await pair.source.client('app');
    await app.query('set role alice; drop table public.of_alice; set role bob; drop table public.of_bob');
  });

  it('keep the rights of their users when another one runs DROP OWNED', async () => {
    const other = await testDatabases({ major });
    await other.source.query('drop owned by alice, bob, app');
    await other.dispose();
    const rights = "has_database_privilege(rolname, current_database(), 'create')";
    const [row] = await pair.source.query(
      `select bool_and(${rights}) as create from pg_roles where rolname in ('alice', 'bob', 'app')`,
    );
    expect(row).toEqual({ create: 't' });
  });

  it('return values as the server wrote them', async () => {
    const [row] = await pair.source.query(
      `select 1.10::numeric as n, 'NaN'::float8 as f, null as z, now() > '2000-01-01' as b`,
    );
    expect(row).toEqual({ n: '1.10', f: 'NaN', z: null, b: 't' });
  });

  it('are dropped with their slots, sessions and prepared transactions', async () => {
    const other = await testDatabases({ major });
    const { name } = other.source;
    await other.source.query(`select pg_create_logical_replication_slot('${name}_slot', 'pgoutput')`);
    await other.source.query('create table t (id int)');
    await other.source.query(`begin; insert into t values (1); prepare transaction '${name}'`);
    const idle = await other.source.client('alice');
    await idle.query('begin; select 1');
    await other.dispose();
    const left = await pair.source.query(
      `select datname::text from pg_database where datname = $1
       union all select slot_name from pg_replication_slots where database = $1
       union all select gid from pg_prepared_xacts where gid = $1`,
      [name],
    );
    expect(left).toEqual([]);
  });
});

describe.each(testMajors())('a private cluster of PostgreSQL %i', (major) => {
  let own: PrivateCluster;
  beforeAll(async () => {
    own = await privateCluster({ major, role: 'source', settings: { work_mem: '7MB' } });
  });
  afterAll(() => own.dispose());

  it('takes settings', async () => {
    const database = await own.database();
    expect(await database.value('show work_mem')).toBe('7MB');
  });

  it('dies of SIGKILL with all its sessions and comes back at once with what was committed', async () => {
    const database = await own.database();
    await database.query('create table t (id int); insert into t values (1)');
    const busy = await database.client();
    const query = busy.query('insert into t values (2); select pg_sleep(600)');
    const failed = expect(query).rejects.toThrow();
    await waitFor(
      () =>
        database.value(
          `select true from pg_stat_activity where query like '%pg_sleep(600)%' and pid <> pg_backend_pid()`,
        ),
      {
        what: 'the session to be busy',
      },
    );
    const before = own.cluster.pid;
    await own.cluster.kill9();
    await failed;
    expect(own.cluster.pid).toBeUndefined();
    await own.cluster.start();
    expect(own.cluster.pid).not.toBe(before);
    expect(await database.query('select id from t')).toEqual([{ id: '1' }]);
  });

  it('keeps its address over a restart', async () => {
    const url = own.cluster.url();
    await own.cluster.restart();
    expect(own.cluster.url()).toBe(url);
    expect(await withClient(url, async (client) => (await client.query('select 1 as one')).rows)).toEqual([
      { one: '1' },
    ]);
  });
});
