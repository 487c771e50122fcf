import type pg from 'pg';
import type { PostgresCluster } from '../../src/app/demo/embedded/index.ts';
import { connect, dropDatabase, rows, run } from '../database.ts';
import { differences, fingerprint } from '../measure/compare.ts';
import { FENCE_TABLE } from '../measure/fence.ts';
import type { BenchOptions } from '../options.ts';
import type { BenchServers } from '../servers.ts';
import type { Copier, CopyLane } from './copier.ts';
import { treeSeconds } from './process-times.ts';
import type { Copy, CopyResult } from './results.ts';
import type { CopyWork } from './work.ts';

const PUBLICATION = 'bench_tables';

/** Every contestant, in every round, copies the same source into a database of its own. */
export async function runCopies(
  work: CopyWork,
  copiers: readonly Copier[],
  servers: BenchServers,
  options: Pick<BenchOptions, 'rounds' | 'synchronousCommit'>,
  progress: (line: string) => void,
): Promise<CopyResult> {
  const database = `bench_${work.id.toLowerCase()}`;
  const { bytes, expected, rowCount } = await makeSource(servers.source, database, work);
  progress(`${work.id} ${work.title}: ${rowCount} rows, ${Math.round(bytes / 2 ** 20)} MB on the source`);
  const measurements: Copy[] = [];
  let fence = 0;
  try {
    for (let round = 1; round <= options.rounds; round++) {
      for (const copier of turned(copiers, round - 1)) {
        const name = `${database}_${copiers.indexOf(copier)}_${round}`;
        const lane: CopyLane = {
          source: servers.source,
          target: servers.target,
          sourceDatabase: database,
          targetDatabase: name,
          publication: PUBLICATION,
          name,
          fence: ++fence,
          synchronousCommit: options.synchronousCommit,
          work,
        };
        const result = await measure(copier, lane, round, expected);
        measurements.push(result);
        progress(`${work.id} round ${round} ${copier.name}: ${result.seconds.toFixed(2)} s`);
      }
    }
  } finally {
    await dropDatabase(servers.source, database);
  }
  return { id: work.id, title: work.title, tables: work.tables.length, rows: rowCount, bytes, measurements };
}

async function makeSource(source: PostgresCluster, database: string, work: CopyWork) {
  const url = source.url(database);
  await run(source.url(), `create database ${database}`);
  const definitions = work.tables.map(({ definition }) => definition);
  await run(url, FENCE_TABLE, ...definitions, ...work.fill, ...work.keys);
  // Hint bits are set and the rows are on disk: the first reader has no more to do than the last.
  await run(url, 'vacuum analyze', 'checkpoint');
  const names = work.tables.map(({ name }) => name).join(', ');
  await run(url, `create publication ${PUBLICATION} for table fence, ${names}`);
  const client = await connect(url, 'walcast bench');
  try {
    const [size] = await rows(
      client,
      `select sum(pg_total_relation_size(c.oid)) as bytes, sum(c.reltuples)::bigint as rows
       from pg_class c where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace and c.relname <> 'fence'`,
    );
    return {
      bytes: Number(size?.['bytes']),
      rowCount: Number(size?.['rows']),
      expected: await prints(client, false),
    };
  } finally {
    await client.end();
  }
}

async function measure(
  copier: Copier,
  lane: CopyLane,
  round: number,
  expected: ReadonlyMap<string, string>,
): Promise<Copy> {
  await prepareTarget(copier, lane);
  try {
    await copier.prepare(lane);
    const before = await serverSeconds(lane);
    const { seconds, clients } = await copier.copy(lane);
    const after = await serverSeconds(lane);
    const client = await connect(lane.target.url(lane.targetDatabase), 'walcast bench');
    try {
      return {
        contestant: copier.name,
        round,
        seconds,
        cpu: {
          source: after.source - before.source,
          target: after.target - before.target,
          clients: clients.cpuSeconds,
        },
        peakBytes: clients.peakBytes,
        differences: differences(copier.bare ? rowsOnly(expected) : expected, await prints(client, copier.bare)),
      };
    } finally {
      await client.end();
    }
  } finally {
    await copier.clean(lane);
    await dropDatabase(lane.target, lane.targetDatabase);
    await run(lane.target.url(), 'checkpoint');
  }
}

async function prepareTarget(copier: Copier, { target, targetDatabase, work }: CopyLane): Promise<void> {
  await run(target.url(), `create database ${targetDatabase}`);
  const url = target.url(targetDatabase);
  if (copier.given !== 'nothing') {
    await run(url, FENCE_TABLE, ...work.tables.map(({ definition }) => definition));
    if (copier.given === 'keys') await run(url, ...work.keys);
  }
  await run(target.url(), 'checkpoint');
}

async function serverSeconds({ source, target }: CopyLane): Promise<{ source: number; target: number }> {
  const of = async ({ pid }: PostgresCluster): Promise<number> => (pid === undefined ? 0 : await treeSeconds(pid));
  return { source: await of(source), target: await of(target) };
}

/** Indexes and constraints stand under names that no table has. */
const KEYS = `
select 'index ' || indexname as name, indexdef as definition from pg_indexes where schemaname = 'public' and tablename <> 'fence'
union all
select 'constraint ' || conname || ' of ' || conrelid::regclass, pg_get_constraintdef(oid) || convalidated from pg_constraint
where connamespace = 'public'::regnamespace and conrelid <> 'fence'::regclass and contype <> 'n'`;

async function prints(client: pg.Client, bare: boolean): Promise<ReadonlyMap<string, string>> {
  const all = new Map([...(await fingerprint(client))].filter(([name]) => name !== 'fence'));
  if (bare) return all;
  for (const { name, definition } of await rows(client, KEYS)) all.set(name ?? '', definition ?? '');
  return all;
}

function rowsOnly(all: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  return new Map([...all].filter(([name]) => !/^(index|constraint) /.test(name)));
}

/** Each round in another order: who comes first finds the caches as the last round left them. */
function turned<T>(items: readonly T[], by: number): T[] {
  const at = by % items.length;
  return [...items.slice(at), ...items.slice(0, at)];
}
