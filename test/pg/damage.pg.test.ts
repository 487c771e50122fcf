import type pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { destroySource } from '../../src/app/destroy/destroy-source.ts';
import { ClientSession } from '../../src/app/init/client-session.ts';
import { initSource } from '../../src/app/init/init-source.ts';
import type { StatusReport } from '../../src/app/status/status-report.ts';
import { baseline } from '../../src/migrate/baseline.ts';
import { eventTriggerState } from '../../src/migrate/event-triggers.ts';
import { readMigrations } from '../../src/migrate/read-migrations.ts';
import { runCommand } from '../support/daemon.ts';
import { testMajors } from '../support/majors.ts';
import type { TestDatabase } from '../support/test-database.ts';
import { type DatabasePair, testDatabases } from '../support/test-databases.ts';
import { waitFor } from '../support/wait-for.ts';
import { Capture } from './support/capture.ts';

/** What a database administrator may do to an installation, or be busy with beside its commands. */
describe.each(testMajors())('a production database on PostgreSQL %i', (major) => {
  let pair: DatabasePair;
  let source: TestDatabase;
  let app: pg.Client;
  let options: { url: string; slot: string; publication: string; replicaIdentity: 'auto' };
  let config: Record<string, unknown>;

  beforeEach(async () => {
    pair = await testDatabases({ major });
    source = pair.source;
    app = await source.client('app');
    options = { url: source.url(), slot: `${source.name}_slot`, publication: 'walcast_main', replicaIdentity: 'auto' };
    const { url, slot, publication } = options;
    config = {
      name: source.name,
      source: { postgres: { url, slot, publication } },
      targets: [{ name: 'replica', postgres: { url: pair.target.url() } }],
    };
  });
  afterEach(() => pair.dispose());

  const problems = async (): Promise<string> => {
    const { stdout } = await runCommand('status', { config, args: ['--json'] });
    return (JSON.parse(stdout) as StatusReport).problems.map(({ message }) => message).join('\n');
  };
  /** A statement of somebody else that must neither fail nor wait. */
  const goesOn = async (sql: string): Promise<void> => {
    const other = await source.client('app');
    await other.query(`set statement_timeout = '3s'; ${sql}`);
    await other.end();
  };

  describe.each(['drop', 'end', 'rewrite'])(
    'whose event trigger on %s that notes who made a command is off',
    (event) => {
      it.each([
        ['disabled', `alter event trigger "!walcast_1_${event}" disable`],
        ['dropped', `drop event trigger "!walcast_1_${event}"`],
      ])('because somebody has %s it, lets every command go on, and names nobody as its author', async (_, off) => {
        await initSource(options);
        await app.query('create table warm (id int primary key, v int); insert into warm values (1, 1)');
        const capture = await Capture.of(source, options.slot, options.publication);
        await source.query(off);
        const forged = `set walcast.caller = '{"role":"postgres","search_path":"","settings":{}}'`;
        for (const session of ['', forged]) {
          await goesOn(`${session}; create table made (id int primary key, v int); insert into made values (1, 1);
          alter table made alter v type bigint; drop table made`);
          await app.query(
            `${session}; alter table warm alter v type ${session === '' ? 'bigint' : 'int'}; alter table warm add a int`,
          );
          await app.query('alter table warm drop a');
        }
        const roles = new Map((await capture.commands()).map(({ phase, caller }) => [phase, caller.role]));
        expect(Object.fromEntries(roles)).toEqual({ drop: 'app', end: 'app', rewrite: 'app', [event]: '' });
      });
    },
  );

  it('lets every command go on when the role that installed it is no superuser any more, and says so', async () => {
    const role = `${source.name}_dba`;
    await source.query(`create role ${role} superuser login`);
    try {
      await initSource({ ...options, url: source.url(role), sets: ['core', 'injector'] });
      await source.query(`alter role ${role} nosuperuser`);
      await goesOn(`create table made (id int); alter table made add v int default 1; alter table made add primary key (id);
        alter table made drop constraint made_pkey; alter table made alter v type bigint; drop table made`);
      await source.query('create table theirs (id int); drop table theirs');
      const { stdout } = await runCommand('status', { config });
      expect(stdout).toContain(`ALTER ROLE "${role}" SUPERUSER`);
    } finally {
      await source.query(`alter role ${role} superuser`);
      await destroySource({ ...options, url: source.url(role) });
      await source.query(`drop owned by ${role}; drop role ${role}`);
    }
  });

  it('is told by status and check which event triggers do not fire, and init mends them', async () => {
    await initSource({ ...options, sets: ['core', 'injector'] });
    expect(await problems()).toBe('');
    await source.query(`alter event trigger "!walcast_2_end" enable replica; alter event trigger "!walcast_1_end" enable;
      alter event trigger "!walcast_0_end" disable; drop event trigger "!walcast_2_drop"`);
    const named =
      '!walcast_0_end, !walcast_1_end (not in sessions that are replicas), !walcast_2_drop (gone), !walcast_2_end (only in sessions that are replicas)';
    expect(await problems()).toContain(`event triggers do not fire: ${named}`);
    expect((await runCommand('check', { config })).stdout).toContain(`DDL passes unseen: ${named}`);
    const { steps } = await initSource(options);
    expect(steps.join('\n')).toContain('event triggers made again: !walcast_2_drop;');
    expect(await problems()).toBe('');
    const capture = await Capture.of(source, options.slot, options.publication);
    await app.query('create table seen (id int primary key); drop table seen');
    expect((await capture.commands()).map(({ tag }) => tag)).toEqual(['CREATE TABLE', 'DROP TABLE']);
    await source.query('drop event trigger "!walcast_0_drop"');
    expect(await problems()).toContain('!walcast_0_drop (gone)');
    if (major < 17) return;
    await source.query(`alter database ${source.name} set event_triggers = off`);
    expect(await problems()).toContain('the setting event_triggers is off');
  });

  it('is expected to have the event triggers that the migrations make', async () => {
    await initSource({ ...options, sets: ['core', 'injector'] });
    const session = await ClientSession.connect(source.url(), 'source');
    const { rows } = await session.query('select evtname from pg_event_trigger');
    expect(await eventTriggerState(session, ['core', 'injector'])).toEqual({ enabled: rows.length, disabled: [] });
    await session.close();
  });

  it('may drop and rename tables while init and destroy wait to change them', async () => {
    const make = `create table a_busy (a int); create table b_gone (a int); create table c_renamed (a int)`;
    const disturb = `begin; drop table b_gone; alter table c_renamed rename to c_new; commit`;
    await app.query(make);
    await app.query('begin; select * from a_busy');
    const waitsFor = (table: string): Promise<unknown> =>
      waitFor(() => source.value(`select 1 from pg_locks where relation = '${table}'::regclass and not granted`), {
        what: `somebody to wait for ${table}`,
        everyMs: 5,
      });
    const init = initSource(options);
    await waitsFor('a_busy');
    await goesOn(disturb);
    await app.query('commit');
    await init;
    expect(await source.query(`select relname from pg_class where relreplident = 'f' order by 1`)).toEqual([
      { relname: 'a_busy' },
      { relname: 'c_new' },
    ]);

    await app.query(`drop table a_busy, c_new; ${make}`);
    await app.query('begin; select * from a_busy');
    const destroy = destroySource(options);
    await waitsFor('a_busy');
    await goesOn(disturb);
    await app.query('commit');
    expect((await destroy).steps).toContain('replica identity of public.c_new: default again');
  });

  it.each([['injector'], [undefined]] as const)(
    'is not waited for without an end when it is destroyed (%s) beside a transaction with DDL',
    async (set) => {
      await initSource({ ...options, sets: ['core', 'injector'] });
      await app.query('begin; create table mine (id int primary key)');
      const asked = { ...options, ...(set === undefined ? {} : { set }), waitMs: 300 };
      const notices: string[] = [];
      await expect(destroySource({ ...asked, onNotice: (notice) => notices.push(notice) })).rejects.toMatchObject({
        code: 'E_OLD_TRANSACTION',
        message: expect.stringMatching(/pid \d+ \(app, idle in transaction/) as unknown,
      });
      expect(notices).toEqual([expect.stringMatching(/^waiting for transactions .* pid \d+ \(app/)]);
      await goesOn('create table theirs (id int primary key); drop table theirs');
      await app.query('commit');
      await destroySource(asked);
      expect(await source.value(`select count(*) from pg_event_trigger`)).toBe(set === undefined ? '0' : '6');
    },
  );

  it('may be in the middle of a command when everything is destroyed', async () => {
    await initSource(options);
    const holder = await source.client();
    await app.query('create table big (id int primary key, v int)');
    await holder.query('begin; lock table walcast.rewritten in access exclusive mode');
    const command = app.query('alter table big alter v type bigint');
    await waitFor(
      () => source.value(`select 1 from pg_locks where relation = 'walcast.rewritten'::regclass and not granted`),
      { what: 'the trigger to wait' },
    );
    const over: string[] = [];
    const destroyed = destroySource({ ...options, onNotice: (notice) => over.push(notice) }).finally(() =>
      over.push('over'),
    );
    await waitFor(() => over.length > 0, { what: 'destroy to be stopped by it' });
    await holder.query('commit');
    await command;
    await destroyed;
    expect(over).toEqual([expect.stringContaining('waiting for transactions'), 'over']);
  });

  it('loses what another process has installed while destroy waited for it', async () => {
    await initSource(options);
    const other = await ClientSession.connect(source.url(), 'source');
    await other.query(`select pg_advisory_lock(x'77616c63617374'::bigint)`);
    let told: () => void = () => undefined;
    const waiting = new Promise<void>((resolve) => (told = resolve));
    const destroyed = destroySource({ ...options, onNotice: told });
    await waiting;
    for (const { version, up, name, checksum } of await readMigrations('injector')) {
      await other.execute(`begin; set local search_path = pg_catalog; ${up};
        insert into walcast.schema_migrations (set, version, name, checksum, tool_version, duration, verified_at)
          values ('injector', ${version}, '${name}', '${checksum}', '1', '0', now()); commit`);
    }
    await other.close();
    await destroyed;
    expect(await source.value(`select to_regnamespace('walcast') is null`)).toBe('t');
  });

  it('goes on while baseline looks at the tables that its open transactions have used', async () => {
    await initSource(options);
    const session = await ClientSession.connect(source.url(), 'source');
    const upTo = (await readMigrations('core')).length - 1;
    await app.query('begin; create table mine (id int primary key)');
    const waiting = baseline(session, { set: 'core', upTo, waitMs: 2_000 });
    const refused = expect(waiting).rejects.toMatchObject({ code: 'E_TABLE_LOCKED' });
    for (let i = 0; i < 5; i++) await goesOn(`create table theirs (id int primary key); drop table theirs`);
    await refused;
    await app.query('commit');
    expect(await baseline(session, { set: 'core', upTo })).toMatchObject({ recorded: [] });
    await session.close();
  });
});
