import { parseArgs } from 'node:util';
import { daemonContestant } from './contestants/daemon.ts';
import { nativeContestant } from './contestants/native.ts';
import { run } from './database.ts';
import { type Cost, columnCosts, restoreCost, scriptCost } from './ddl/source-cost.ts';
import { walkCost } from './ddl/target-cost.ts';
import { openVariants } from './ddl/variants.ts';
import { readOptions } from './options.ts';
import { BUILT_CLI } from './paths.ts';
import { summarize } from './report/summary.ts';
import { runWorkload } from './run-workload.ts';
import { type BenchServers, startServers } from './servers.ts';
import { DIRECT_ROWS, OWNERS_ROWS } from './workloads/user-code.ts';

const HELP = `npm run bench:ddl -- [--quick] [--rounds N] [--pg 14|15|16|17|18]
  What our triggers cost on the source, a statement; what the question after user code, and its answer, cost on the target.`;

interface Sizes {
  readonly columns: number;
  readonly tables: readonly number[];
  readonly scripts: readonly number[];
  readonly walked: number;
  readonly rows: number;
}

const FULL: Sizes = { columns: 400, tables: [200, 1000], scripts: [250, 1000, 2500], walked: 1000, rows: 1 };
const QUICK: Sizes = { columns: 30, tables: [20], scripts: [50, 200], walked: 50, rows: 0.02 };

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '3' },
    pg: { type: 'string', default: '15' },
    help: { type: 'boolean', default: false },
  },
});

async function main(): Promise<void> {
  if (values.help) {
    console.log(HELP);
    return;
  }
  const options = readOptions(['--pg', values.pg, '--rounds', values.rounds, '--scale', '1']);
  if (options === 'help') return;
  const sizes = values.quick ? QUICK : FULL;
  const rounds = values.quick ? 1 : options.rounds;
  const servers = await startServers(options);
  try {
    console.log(`PostgreSQL ${servers.version}, fsync off; medians of interleaved runs.\n`);
    console.log(sourceTable(await sourceCosts(servers, sizes, rounds)));
    await run(servers.target.url(), 'create database walked');
    const walk = await walkCost(servers.target.url('walked'), sizes.walked);
    console.log(
      `\nThe question after user code, once a relation after each change of schema (${walk.relations} relations): ` +
        `${walk.plain.toFixed(2)} ms for a table that reaches none, ${walk.reaching.toFixed(2)} ms for one that does.\n`,
    );
    const contestants = [
      daemonContestant({ name: 'walcast', program: BUILT_CLI, binary: 'off' }),
      nativeContestant('native-text', false),
    ];
    for (const workload of [DIRECT_ROWS, OWNERS_ROWS]) {
      const result = await runWorkload(
        workload,
        contestants,
        servers,
        { ...options, rounds, scale: sizes.rows },
        console.error,
      );
      for (const line of summarize(result)) {
        const rate = Math.round(line.rowsPerSecond ?? 0).toLocaleString('en-US');
        console.log(
          `${workload.title}, ${line.contestant}: ${rate} rows/s${line.equal === false ? ', TABLES DIFFER' : ''}`,
        );
        if (line.equal === false) process.exitCode = 1;
      }
    }
  } finally {
    await servers.destroy();
  }
}

async function sourceCosts(servers: BenchServers, sizes: Sizes, rounds: number): Promise<Cost[]> {
  const variants = await openVariants(servers.source, BUILT_CLI);
  try {
    const costs = await columnCosts(variants, sizes.columns);
    console.error('columns done');
    for (const tables of sizes.tables) {
      costs.push(await restoreCost(variants, tables, rounds));
      console.error(`restore of ${tables} tables done`);
    }
    for (const statements of sizes.scripts) {
      costs.push(await scriptCost(variants, statements, rounds));
      console.error(`script of ${statements} statements done`);
    }
    return costs;
  } finally {
    for (const { client } of variants) await client.end();
  }
}

/** Each cell: ms and bytes of WAL a statement. */
function sourceTable(costs: readonly Cost[]): string {
  const names = [...(costs[0]?.byVariant.keys() ?? [])];
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    row(['ms · WAL bytes, a statement', ...names]),
    row(['---', ...names.map(() => '---:')]),
    ...costs.map(({ task, byVariant }) =>
      row([
        task,
        ...names.map((name) => {
          const cost = byVariant.get(name);
          return cost === undefined ? '' : `${cost.milliseconds.toFixed(2)} · ${Math.round(cost.walBytes)}`;
        }),
      ]),
    ),
  ].join('\n');
}

await main();
