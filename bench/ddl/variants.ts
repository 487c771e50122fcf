import type pg from 'pg';
import type { PostgresCluster } from '../../src/app/demo/embedded/index.ts';
import { runCommand } from '../../test/support/daemon.ts';
import { connect, run } from '../database.ts';

/** A database whose DDL costs what its triggers cost. */
export interface Variant {
  readonly name: string;
  readonly url: string;
  readonly client: pg.Client;
}

const NOTHING = `create function nothing() returns event_trigger language plpgsql as $$ begin end $$`;
const EVENTS: readonly string[] = ['ddl_command_end', 'sql_drop', 'table_rewrite'];

/** As many triggers as ours, that do nothing: what PostgreSQL itself takes for calling them. */
function emptyTriggers(): string[] {
  return [
    NOTHING,
    ...EVENTS.flatMap((event) =>
      [1, 2].map((n) => `create event trigger empty_${n}_${event} on ${event} execute function nothing()`),
    ),
  ];
}

export async function openVariants(cluster: PostgresCluster, program: string): Promise<Variant[]> {
  const make = async (name: string, prepare: (url: string) => Promise<void>): Promise<Variant> => {
    const database = `ddl_${name.replaceAll(/[^a-z]/g, '_')}`;
    await run(cluster.url(), `create database ${database}`);
    const url = cluster.url(database);
    await prepare(url);
    return { name, url, client: await connect(url, 'walcast bench') };
  };
  return [
    await make('no triggers', () => Promise.resolve()),
    await make('empty triggers', (url) => run(url, ...emptyTriggers())),
    await make('walcast, identities off', (url) => init(url, 'bench_off', 'off', program)),
    await make('walcast', (url) => init(url, 'bench_auto', 'auto', program)),
  ];
}

async function init(url: string, name: string, identity: 'auto' | 'off', program: string): Promise<void> {
  const config = { name, source: { postgres: { url } } };
  const args = [`--replica-identity=${identity}`, '--force'];
  const { code, stderr } = await runCommand('init', { program, args, config, timeoutMs: 120_000 });
  if (code !== 0) throw new Error(`replicate init ended with ${code}: ${stderr}`);
}
