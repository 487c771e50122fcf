import { afterAll, afterEach, beforeEach } from 'vitest';
import { expectEqual } from './compare.ts';
import { prepareSource, TestPipeline } from './pipeline.ts';
import { testDatabases, type DatabasePair } from './test-databases.ts';

/** A source, a target and the pipeline between them. */
export interface Replicated extends DatabasePair {
  readonly slot: string;
  readonly pipeline: TestPipeline;
  /** Runs the statements one by one on the source, then waits for the target and compares both databases whole. */
  replicate(...statements: readonly string[]): Promise<void>;
}

/**
 * One pair for all tests of a `describe`, since making one takes longer than most tests; a test that fails leaves a fresh pair to the next.
 * Each test makes tables of its own. `prepare` runs while both are empty.
 */
export function sharedPair(
  major: number,
  prepare: (pair: DatabasePair) => Promise<void> = () => Promise.resolve(),
): () => Replicated {
  let pair: Replicated | null = null;

  const drop = async (): Promise<void> => {
    const old = pair;
    pair = null;
    await old?.pipeline.stop();
    await old?.dispose();
  };

  beforeEach(async () => {
    pair ??= await newPair(major, prepare);
  });
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await drop();
  });
  afterAll(drop);

  return () => {
    if (pair === null) throw new Error('no pair outside of a test');
    return pair;
  };
}

async function newPair(major: number, prepare: (pair: DatabasePair) => Promise<void>): Promise<Replicated> {
  const pair = await testDatabases({ major });
  await prepare(pair);
  const slot = `walcast_${pair.source.name}`.slice(0, 63);
  await prepareSource(pair.source, slot);
  const pipeline = new TestPipeline({
    source: pair.source,
    targets: [{ name: 'replica', url: pair.target.url() }],
    slot,
  });
  const replicate = async (...statements: readonly string[]): Promise<void> => {
    for (const statement of statements) await pair.source.query(statement);
    await pipeline.caughtUp();
    await expectEqual(pair.source, pair.target);
  };
  return { ...pair, slot, pipeline, replicate };
}
