import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compareDatabases } from '../support/compare.ts';
import { testMajors } from '../support/majors.ts';
import { testDatabases, type DatabasePair } from '../support/test-databases.ts';
import { withClient } from '../support/text-client.ts';
import { SinkRig, type ScriptLine } from './support/sink-rig.ts';

const SCHEMA: ScriptLine[] = [
  ['pre-data', 'CREATE TABLE', 'CREATE TABLE public.t (id integer NOT NULL, v text)'],
  ['post-data', 'ALTER TABLE', 'ALTER TABLE ONLY public.t ADD CONSTRAINT t_pkey PRIMARY KEY (id)'],
];

describe.each(testMajors())('a target that is replaced on PostgreSQL %i', (major) => {
  let pair: DatabasePair;
  let rig: SinkRig;
  let next: string;
  let previous: string;
  beforeEach(async () => {
    pair = await testDatabases({ major });
    rig = new SinkRig(pair.source, pair.target);
    next = `${pair.target.name}__walcast_new`;
    previous = `${pair.target.name}__walcast_old`;
    await pair.source.query(
      `${SCHEMA.map(([, , sql]) => sql).join(';')}; insert into t select i, 'new' from generate_series(1, 10) i`,
    );
    await pair.target.query('create table t (old int); insert into t values (1); create table mine (a int)');
  });
  afterEach(async () => {
    await rig.close();
    await onServer(`drop database if exists ${next} with (force)`);
    await onServer(`drop database if exists ${previous} with (force)`);
    await pair.dispose();
  });

  const onServer = (sql: string) =>
    withClient(pair.target.server.url, async (client) => (await client.query<Record<string, string | null>>(sql)).rows);
  const databases = async (): Promise<string[]> =>
    (await onServer(`select datname from pg_database where datname like '${pair.target.name}%' order by 1`)).map(
      ({ datname }) => (datname ?? '').slice(pair.target.name.length),
    );
  const oldIsThere = async (): Promise<void> => {
    expect(await pair.target.query('select old from t')).toEqual([{ old: '1' }]);
  };
  const expectReplaced = async (): Promise<void> => {
    expect((await compareDatabases(pair.source, pair.target)).rows).toEqual([]);
    expect(await pair.target.value("select to_regclass('mine')")).toBeNull();
  };

  it('keeps the old one until the copy is whole, then its owner, settings and privileges', async () => {
    const name = pair.target.name;
    await onServer(`alter database ${name} owner to alice`);
    await onServer(`alter database ${name} set search_path = "$user", "Odd.one", public`);
    await onServer(`alter database ${name} set work_mem = '7MB'`);
    await onServer(`alter role bob in database ${name} set statement_timeout = '9s'`);
    await onServer(
      `revoke connect on database ${name} from public; grant connect, temporary on database ${name} to bob with grant option`,
    );
    await onServer(`comment on database ${name} is 'the ''good'' one'`);
    const facts = `select pg_get_userbyid(datdba), shobj_description(oid, 'pg_database'), pg_encoding_to_char(encoding), datcollate, datconnlimit,
      (select array_agg(a::text order by a::text) from unnest(datacl) a(a)), (select array_agg(s order by s::text) from (select setconfig, setrole from pg_db_role_setting where setdatabase = d.oid) s)
      from pg_database d where datname = '${name}'`;
    const before = await onServer(facts);
    const script = await rig.script(SCHEMA, [['public', 't']]);
    const sink = await rig.open();
    await sink.begin(script, await rig.cut(), 'replace');
    await rig.fill(sink, script);
    await oldIsThere();
    expect(await databases()).toEqual(['', '__walcast_new']);
    const busy = await pair.target.client();
    await sink.enter('catchup');
    await expect(busy.query('select 1')).rejects.toThrow();
    expect(await databases()).toEqual(['', '__walcast_old']);
    expect(await onServer(facts)).toEqual(before);
    await onServer(`grant connect on database ${name} to public`);
    await expectReplaced();
    expect((await sink.load())?.phase).toBe('catchup');
    await sink.enter('done');
    expect(await databases()).toEqual(['']);
  });

  it('goes on, or starts over, wherever it was killed', async () => {
    const script = await rig.script(SCHEMA, [['public', 't']]);
    // after CREATE DATABASE, before anybody knows that it is ours
    await onServer(`create database ${next} template template0`);
    const first = await rig.open();
    expect(await first.load()).toBeNull();
    await first.begin(script, await rig.cut(), 'replace');
    await first.close();
    // begun: the script is there
    const second = await rig.open();
    expect((await second.load())?.phase).toBe('schema');
    await rig.fill(second, script);
    await second.close();
    await oldIsThere();
    // ready to be swapped
    await withClient(pair.target.url().replace(pair.target.name, next), (client) =>
      client.query("update walcast.snapshot set phase = 'catchup'"),
    );
    const third = await rig.open();
    expect((await third.load())?.phase).toBe('catchup');
    expect(await databases()).toEqual(['', '__walcast_old']);
    await expectReplaced();
    await third.enter('done');
    expect(await databases()).toEqual(['']);
    await third.close();
    // marked, but nothing in it
    const fourth = await rig.open();
    await fourth.begin(await rig.script(SCHEMA, [['public', 't']]), await rig.cut(), 'replace');
    await fourth.close();
    await withClient(pair.target.url().replace(pair.target.name, next), (client) =>
      client.query('delete from walcast.snapshot'),
    );
    const fifth = await rig.open();
    expect(await fifth.load()).toBeNull();
    expect(await databases()).toEqual(['']);
  });

  it('refuses what it cannot do, and touches nothing', async () => {
    const script = await rig.script(SCHEMA, [['public', 't']]);
    const refused = async (message: RegExp, user?: string): Promise<void> => {
      const sink = await rig.open(user === undefined ? {} : { user });
      const begun = sink.begin(script, await rig.cut(), 'replace');
      await expect(begun).rejects.toMatchObject({
        code: 'E_SNAPSHOT_REPLACE',
        message: expect.stringMatching(message) as string,
      });
      await sink.close();
    };
    await onServer(`create database ${next}`);
    await withClient(pair.target.url().replace(pair.target.name, next), (client) =>
      client.query('create table precious (a int)'),
    );
    await refused(/__walcast_new is there/);
    await onServer(`drop database ${next}`);
    await onServer(`create database ${previous}`);
    await refused(/__walcast_old is there/);
    await onServer(`drop database ${previous}`);
    await pair.target.query('drop schema walcast cascade');
    await refused(/CREATEDB/, 'app');
    await oldIsThere();
    expect(await databases()).toEqual(['']);
  });
});
