import type { Comparison } from '../../test/support/compare.ts';
import { compareDatabases } from '../../test/support/compare.ts';
import { prepareSource, TestPipeline } from '../../test/support/pipeline.ts';
import { testDatabases } from '../../test/support/test-databases.ts';
import { fillTables } from './fill-tables.ts';
import { playFile, playText } from './play-migration.ts';
import type { Migration } from './read-history.ts';

export interface TryOptions {
  readonly major: number;
  /** Who sends them; undefined: the superuser. */
  readonly user: string | undefined;
  /** Compare after so many. */
  readonly every: number;
  readonly rows: boolean;
  readonly down: boolean;
  readonly psql: boolean;
  /** SQL names of tables whose rows may differ, such as materialized views over now(). */
  readonly ignoreRows: readonly string[];
  readonly report: (line: string) => void;
}

export interface Outcome {
  /** Files of the way up and of the way down that ran. */
  readonly played: number;
  /** Those that the source itself did not take: they say nothing about the replication. */
  readonly refused: number;
  readonly commands: number;
  readonly rows: number;
  /** Null: equal at each comparison. */
  readonly difference: string | null;
}

interface Step {
  readonly name: string;
  readonly sql: string;
  /** For psql. */
  readonly file: string | null;
}

const SHOWN_LINES = 60;
const CATCH_UP_MS = 300_000;

/** Plays a history on a source of its own while a pipeline brings it to a target, and holds both against one another. Ends at the first difference. */
export async function tryHistory(history: readonly Migration[], options: TryOptions): Promise<Outcome> {
  const { source, target, dispose } = await testDatabases({ major: options.major });
  const slot = `walcast_${source.name}`.slice(0, 63);
  await prepareSource(source, slot);
  const pipeline = new TestPipeline({ source, targets: [{ name: 'replica', url: target.url() }], slot });
  const client = await source.client(options.user);
  const counts = { played: 0, refused: 0, rows: 0 };

  const play = async ({ name, sql, file }: Step): Promise<void> => {
    const error = file === null ? await playText(client, sql) : await playFile(source.url(options.user), file);
    counts.played++;
    if (error === null) return;
    counts.refused++;
    options.report(`the source refused ${name}: ${error}`);
  };
  const compare = async (): Promise<string | null> => {
    try {
      await pipeline.caughtUp(CATCH_UP_MS);
    } catch (error) {
      return told(error);
    }
    if (pipeline.supervisor.forged > 0) return `${pipeline.supervisor.forged} messages were not taken for ours`;
    return shown(await compareDatabases(source, target, { ignore: { rowsOf: options.ignoreRows } }));
  };

  try {
    const steps = stepsOf(history, options);
    let difference: string | null = null;
    let since = steps[0]?.name ?? '';
    for (const [i, step] of steps.entries()) {
      await play(step);
      if ((i + 1) % options.every !== 0 && i + 1 < steps.length) continue;
      if (options.rows) counts.rows += await fillTables(client, i);
      const found = await compare();
      if (found !== null) {
        difference = `between ${since} and ${step.name}:\n${found}`;
        break;
      }
      since = steps[i + 1]?.name ?? '';
    }
    const commands = Number(await target.value('select count(*) from walcast.applied_ddl'));
    return { ...counts, commands, difference };
  } finally {
    await pipeline.stop();
    await dispose();
  }
}

function stepsOf(history: readonly Migration[], { psql, down }: TryOptions): Step[] {
  const up = history.map(({ name, up, file }) => ({ name, sql: up, file: psql ? file : null }));
  if (!down) return up;
  const back = history.toReversed().flatMap((migration) => {
    const { name } = migration;
    return migration.down === null ? [] : [{ name: `${name} (down)`, sql: migration.down, file: null }];
  });
  return [...up, ...back];
}

function shown({ equal, rows, schema }: Comparison): string | null {
  return equal ? null : [...rows, ...schema].slice(0, SHOWN_LINES).join('\n');
}

function told(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, fields, hint } = error as Error & { code?: string; fields?: unknown; hint?: string };
  return [code, error.message, JSON.stringify(fields), hint].filter((part) => part !== undefined).join('\n  ');
}
