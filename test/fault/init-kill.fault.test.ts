import { execFile } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { destroySource } from '../../src/app/destroy/destroy-source.ts';
import type { InitOptions } from '../../src/app/init/init-report.ts';
import { initSource } from '../../src/app/init/init-source.ts';
import { baseline } from '../../src/migrate/baseline.ts';
import { ClientSession } from '../../src/app/init/client-session.ts';
import { readMigrations } from '../../src/migrate/read-migrations.ts';
import { sharedServer, sharedBuild } from '../support/broker.ts';
import { CLI } from '../support/build.ts';
import { newestMajor } from '../support/majors.ts';
import { seededRandom } from '../support/random.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { TestDatabase } from '../support/test-database.ts';
import { schemaDump } from '../pg/support/schema-dump.ts';

const NIGHTLY = process.env['WALCAST_NIGHTLY'] === '1';
const SEED = 5;

const SHAPES = `create table keyed (id int primary key, v text); create table no_key (id int, v text);
create table unique_only (id int not null unique, v text); create table parted (k int, v text) partition by range (k);
create table parted_1 partition of parted for values from (0) to (10);
insert into keyed values (1, 'a'); insert into no_key values (1, 'a'); insert into unique_only values (1, 'a'); insert into parted values (1, 'a')`;
const WORK = ['keyed', 'no_key', 'unique_only', 'parted']
  .map((table) => `update ${table} set v = v || 'x'; delete from ${table}; insert into ${table} values (1, 'a')`)
  .join('; ');

/** before: the server never sees the message; after: it gets it when its sender is dead already. */
interface Cut {
  readonly message: number;
  readonly when: 'before' | 'after';
}

describe('a process that is killed between two statements', () => {
  let database: TestDatabase;

  beforeEach(async () => {
    await sharedBuild();
    database = await freshDatabase();
  });
  afterEach(() => database.dispose());

  const freshDatabase = async (): Promise<TestDatabase> => {
    const fresh = await TestDatabase.create(await sharedServer(newestMajor(), 'source'));
    const app = await fresh.client('app');
    await app.query(SHAPES);
    await app.end();
    return fresh;
  };
  const renew = async (): Promise<void> => {
    await database.dispose();
    database = await freshDatabase();
  };
  const options = (): InitOptions => ({
    url: database.url(),
    slot: `${database.name}_slot`,
    publication: 'walcast_main',
    replicaIdentity: 'auto',
    sets: ['core', 'injector'],
  });

  /** Runs a command of the CLI, killed at the cut; how many messages it sent, and whether it was killed. */
  const run = async (words: readonly string[], cut?: Cut): Promise<{ messages: number; killed: boolean }> => {
    const proxy = await TcpProxy.before(database.url());
    let messages = 0;
    let killed = false;
    try {
      await new Promise<void>((resolve, reject) => {
        const args = [CLI, ...words, '--slot', `${database.name}_slot`, '--publication', 'walcast_main'];
        const env = { ...process.env, REPLICATE_SOURCE_URL: proxy.url(database.url()) };
        const child = execFile(process.execPath, args, { env }, (error, _stdout, stderr) => {
          if (error === null || killed) resolve();
          else reject(new Error(stderr, { cause: error }));
        });
        proxy.onToServer = () => {
          messages++;
          if (cut === undefined || killed || messages < cut.message) return !killed;
          killed = child.kill('SIGKILL');
          return cut.when === 'after';
        };
      });
    } finally {
      await proxy.close();
    }
    return { messages, killed };
  };

  /** Every message in both ways by night, else some of them. */
  const cuts = (messages: number, count: number): Cut[] => {
    const all = Array.from({ length: messages }, (_, i) => i + 1).flatMap((message): Cut[] => [
      { message, when: 'before' },
      { message, when: 'after' },
    ]);
    return NIGHTLY ? all : seededRandom(SEED).shuffle(all).slice(0, count);
  };

  const work = async (): Promise<void> => {
    const app = await database.client('app');
    await app.query(WORK);
    await app.end();
  };

  const forEachCut = async (
    words: readonly string[],
    messages: number,
    count: number,
    check: (cut: Cut) => Promise<void>,
  ): Promise<void> => {
    const chosen = cuts(messages, count);
    let missed = 0;
    for (const cut of chosen) {
      try {
        if (!(await run(words, cut)).killed) missed++;
        // whatever there is of us: nobody's statement fails
        await work();
        await check(cut);
      } catch (error) {
        throw new Error(`killed ${cut.when} message ${cut.message} of ${messages}`, { cause: error });
      }
    }
    // how often it looks while it waits differs a little from run to run
    expect(missed).toBeLessThanOrEqual(Math.ceil(chosen.length / 20));
  };

  /** Schema of everything, walcast's included, and what is in our tables but for times, keys and object ids. */
  const catalog = async (): Promise<unknown> => {
    const dump = (await schemaDump(database)).map((line) => line.replaceAll(database.name, 'db'));
    const installed = await database.value(`select to_regclass('walcast.slot') is not null`);
    const own = `select json_build_array(
      (select json_agg(json_build_array(set, version, name, checksum, tool_version, verified_at is not null, failure) order by set, version)
         from walcast.schema_migrations),
      (select json_agg(s order by name) from walcast.setting s),
      (select json_agg(json_build_array(relation::regclass, previous, chosen) order by relation::regclass::text) from walcast.chosen_identity),
      (select json_agg(json_build_array(slot_name = current_database() || '_slot', publication, consistent_point is not null)) from walcast.slot),
      (select json_agg(json_build_array(generation, retired)) from walcast.key_generation), (select count(*) from walcast.key),
      (select json_agg(distinct relation::regclass::text) from walcast.table_ids))::text`;
    return {
      dump,
      own: installed === 't' ? await database.value(own) : null,
      slots: await database.query(
        `select slot_name = current_database() || '_slot' as ours, plugin, active from pg_replication_slots where database = current_database()`,
      ),
    };
  };

  const INIT = ['init', '--replica-identity', 'auto', '--with-injector'];

  it('of init: the next init completes, and the catalog is that of an undisturbed one', {
    timeout: 7_200_000,
  }, async () => {
    const { messages } = await run(INIT);
    expect(messages).toBeGreaterThan(100);
    const undisturbed = await catalog();
    await renew();
    await forEachCut(INIT, messages, 12, async () => {
      await initSource(options());
      expect(await catalog()).toEqual(undisturbed);
      await renew();
    });
  });

  it('of destroy: the next destroy leaves the catalog as it was before init', { timeout: 7_200_000 }, async () => {
    const before = await catalog();
    await initSource(options());
    const { messages } = await run(['destroy', '--yes']);
    expect(messages).toBeGreaterThan(100);
    expect(await catalog()).toEqual(before);
    await initSource(options());
    await forEachCut(['destroy', '--yes'], messages, 8, async () => {
      await destroySource(options());
      expect(await catalog()).toEqual(before);
      await initSource(options());
    });
  });

  it('of destroy: init makes it whole again', { timeout: 7_200_000 }, async () => {
    await initSource(options());
    const undisturbed = await catalog();
    const { messages } = await run(['destroy', '--yes']);
    await initSource(options());
    await forEachCut(['destroy', '--yes'], messages, 4, async () => {
      await initSource(options());
      expect(await catalog()).toEqual(undisturbed);
    });
  });

  it('of a baseline: the next one records what is missing', { timeout: 7_200_000 }, async () => {
    const core = await readMigrations('core');
    const words = ['migrations', 'baseline', '--set', 'core', '--upto', String(core.length - 1)];
    const byHand = (): Promise<unknown> => database.query(`delete from walcast.schema_migrations where set = 'core'`);
    await initSource(options());
    await byHand();
    const { messages } = await run(words);
    const undisturbed = await catalog();
    await byHand();
    await forEachCut(words, messages, 6, async () => {
      const session = await ClientSession.connect(database.url(), 'source');
      await baseline(session, { set: 'core', upTo: core.length - 1 });
      await session.close();
      expect(await catalog()).toEqual(undisturbed);
      await byHand();
    });
  });
});
