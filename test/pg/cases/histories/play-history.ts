import type pg from 'pg';
import { expect } from 'vitest';
import { expectEqual } from '../../../support/compare.ts';
import { prepareSource, TestPipeline } from '../../../support/pipeline.ts';
import { testDatabases } from '../../../support/test-databases.ts';
import { named, type ToolHistory } from './tool-history.ts';

/** Databases are compared after so many steps. */
const CHECKPOINT = 10;
/** Beside every such step the application writes while the tool is at work. */
const DURING = 3;

export interface Played {
  readonly steps: number;
  /** Statements of the application that the source took. */
  readonly written: number;
}

/** Drives the source as the tool does, lets the application write meanwhile, and holds the target against it at each checkpoint. */
export async function playHistory(history: ToolHistory, major: number): Promise<Played> {
  const { source, target, dispose } = await testDatabases({ major });
  const slot = `walcast_${source.name}`.slice(0, 63);
  await prepareSource(source, slot);
  const pipeline = new TestPipeline({ source, targets: [{ name: 'replica', url: target.url() }], slot });
  try {
    const session = { client: await source.client('app'), books: await source.client('app') };
    const application = await source.client('app');
    const { tool } = history;
    const migrations = named(history.migrations);
    let steps = 0;
    let written = 0;

    const step = async (play: () => Promise<void>, name: string): Promise<void> => {
      const told = async (): Promise<void> => {
        await play().catch((error: unknown) => {
          throw new Error(`${history.name}: ${name}: ${error instanceof Error ? error.message : String(error)}`);
        });
      };
      const write = (): Promise<number> => writeAll(application, history.writes(steps));
      steps++;
      if (steps % DURING === 0) {
        const [, count] = await Promise.all([told(), write()]);
        written += count;
      } else {
        await told();
        written += await write();
      }
      if (steps % CHECKPOINT === 0) await compare(name);
    };
    const compare = async (name: string): Promise<void> => {
      try {
        await pipeline.caughtUp();
        await expectEqual(source, target);
      } catch (cause) {
        throw new Error(`${history.name}, after ${name}: ${cause instanceof Error ? cause.message : String(cause)}`, {
          cause,
        });
      }
    };

    await tool.begin(session);
    for (const migration of migrations) await step(() => tool.play(session, migration), migration.name);
    const again = history.downAndUp === undefined ? [] : migrations.slice(-history.downAndUp);
    for (const migration of again.toReversed())
      await step(async () => await tool.back?.(session, migration), `${migration.name} (down)`);
    for (const migration of again) await step(() => tool.play(session, migration), `${migration.name} (again)`);
    await compare('the last step');
    expect(pipeline.supervisor.forged).toBe(0);
    const repaired = `select how, source from walcast.applied_ddl where how ~ 'corrected|degraded'`;
    expect(await target.query(repaired)).toEqual([]);
    return { steps, written };
  } finally {
    await pipeline.stop();
    await dispose();
  }
}

async function writeAll(client: pg.Client, statements: readonly string[]): Promise<number> {
  let accepted = 0;
  for (const sql of statements) {
    accepted += await client.query(sql).then(
      () => 1,
      () => 0,
    );
  }
  return accepted;
}
