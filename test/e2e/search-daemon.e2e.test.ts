import { afterEach, describe, expect, it } from 'vitest';
import { sharedOpenSearch } from '../support/broker.ts';
import { type Daemon, runCommand, startDaemon } from '../support/daemon.ts';
import { dropIndexes, type SharedNode, uniquePrefix } from '../support/opensearch/index.ts';
import { seededRandom } from '../support/random.ts';
import { SearchIndexes } from '../support/search-indexes.ts';
import { type DatabasePair, testDatabases } from '../support/test-databases.ts';
import { waitFor } from '../support/wait-for.ts';

const ROWS = 20_000;
const STEPS = 36;
const KILLS = 4;

describe('replicate run into a search cluster', () => {
  let node: SharedNode;
  let pair: DatabasePair;
  let prefix: string;
  let config: Record<string, unknown>;
  let daemon: Daemon | null = null;

  async function prepare(): Promise<void> {
    node = await sharedOpenSearch('2');
    prefix = uniquePrefix();
    pair = await testDatabases();
    config = {
      name: prefix,
      source: { postgres: { url: pair.source.url() } },
      targets: [
        {
          name: 'search',
          opensearch: {
            url: node.url,
            prefix,
            index: `${prefix}.{schema}.{table}`,
            settings: { 'index.gc_deletes': '1s' },
          },
        },
      ],
      snapshot: { range_size: '1MB' },
    };
  }

  afterEach(async () => {
    daemon?.kill('SIGKILL');
    await daemon?.exited;
    daemon = null;
    await dropIndexes(node, prefix);
    await pair.dispose();
  });

  it('refuses a source without ids of tables, and says the command', async () => {
    await prepare();
    expect(await runCommand('init', { config })).toMatchObject({ code: 0 });
    const { code, stderr } = await runCommand('run', { config });
    expect({ code, stderr }).toEqual({ code: 3, stderr: expect.stringContaining('replicate init --with-injector') });
  });

  it(`ends as the source does after ${KILLS} kill -9 among writes and changes of the schema`, async () => {
    await prepare();
    const client = await pair.source.client('app');
    await client.query(`create table t (id int primary key, v text, n int);
      insert into t select g, 'v' || g, g from generate_series(1, ${ROWS}) g;
      create table p (id int, part int, w text, primary key (id, part)) partition by list (part);
      create table p1 partition of p for values in (1); create table p2 partition of p for values in (2);
      insert into p select g, 1 + g % 2, 'w' from generate_series(1, 500) g`);
    expect(await runCommand('init --with-injector', { config })).toMatchObject({ code: 0 });
    const search = new SearchIndexes({ source: pair.source, url: node.url, prefix });
    daemon = await startDaemon({ config });
    const random = seededRandom(11);
    let columns = ['v', 'n'];
    for (let step = 1; step <= STEPS; step++) {
      const [low, high] = [random.int(1, ROWS), random.int(1, 400)];
      await client.query(`update t set ${columns[0] ?? 'id'} = null where id between ${low} and ${low + high};
        delete from t where id between ${low} and ${low + 5};
        insert into t (id) select g from generate_series(${ROWS + step * 100}, ${ROWS + step * 100 + 20}) g;
        update t set id = -id where id = ${low + 10} and not exists (select from t o where o.id = -${low + 10});
        update p set w = 'w${step}' where id % 7 = ${step % 7}`);
      const name = `c${step}`;
      switch (step % 9) {
        case 0:
          await client.query(`alter table t add ${name} int default ${step}`);
          columns = [...columns, name];
          break;
        case 1:
        case 2:
          await client.query(`alter table t add ${name} text; update t set ${name} = 'n' || id where id % 50 = 0`);
          columns = [...columns, name];
          break;
        case 3:
        case 4:
          await client.query(`alter table t rename ${columns[0] ?? ''} to ${name}`);
          columns = [...columns.slice(1), name];
          break;
        case 5:
          if (columns.length > 3) await client.query(`alter table t drop ${columns[0] ?? ''}`);
          if (columns.length > 3) columns = columns.slice(1);
          break;
        case 6:
          await client.query(`alter table t alter id type ${step % 2 === 0 ? 'bigint' : 'int'}`);
          break;
        case 7:
          await client.query(`begin; truncate p1; insert into p values (1, 1, 'again'); alter table p add ${name} int;
            update p set ${name} = 5; commit`);
          break;
        default:
          await client.query(
            `alter table p detach partition p2; update p2 set w = 'alone'; alter table p attach partition p2 for values in (2)`,
          );
      }
      if (step % (STEPS / KILLS) === 0) {
        daemon.kill('SIGKILL');
        await daemon.exited;
        daemon = await startDaemon({ config });
      }
    }
    const end = await search.fence();
    await waitFor(
      async () => {
        const reached = await search.checkpoint();
        return reached !== null && reached >= end && !(await search.copying());
      },
      { what: `the target to reach the end; ${daemon.lastLines(5)}`, timeoutMs: 90_000, everyMs: 200 },
    );
    await search.request('POST', `/${prefix}*/_refresh`);
    expect(await search.expectTable('public', 'p', ['id', 'part'])).toBeGreaterThan(200);
    expect(await search.expectTable('public', 't', ['id'])).toBeGreaterThan(ROWS / 2);
  }, 240_000);
});
