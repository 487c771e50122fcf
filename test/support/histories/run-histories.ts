import { asScript, type History } from './history.ts';
import { HistoryBed } from './history-bed.ts';
import { HistoryMaker } from './history-maker.ts';
import { shrinkHistory } from './shrink-history.ts';
import type { Tally } from './tally.ts';

export interface RunOptions {
  readonly major: number;
  readonly seeds: readonly number[];
  readonly transactions: number;
  readonly tally: Tally;
  /** Compared together. */
  readonly batch: number;
  /** Spent on making a failing history small. */
  readonly shrinkMs: number;
}

/** After so many histories on a pair, the next ones get a fresh pair. */
const HISTORIES_A_PAIR = 200;
const SHRINK_RUNS = 150;

/** Runs a history for each seed; throws with the smallest script that fails. */
export async function runHistories(options: RunOptions): Promise<void> {
  const { major, seeds, batch } = options;
  let bed = await HistoryBed.create(major);
  try {
    for (let at = 0; at < seeds.length; at += batch) {
      if (at > 0 && at % HISTORIES_A_PAIR < batch) {
        await bed.dispose();
        bed = await HistoryBed.create(major);
      }
      const histories = await makeAll(bed, seeds.slice(at, at + batch), options);
      const finding = await bed.finding();
      if (finding !== null) throw new Error(await told(histories, finding.text, options));
      await bed.clear();
    }
    const left = await bed.finding();
    if (left !== null) throw new Error(`after the schemas of the histories were dropped: ${left.text}`);
  } finally {
    await bed.dispose();
  }
}

async function makeAll(
  bed: HistoryBed,
  seeds: readonly number[],
  { tally, transactions }: RunOptions,
): Promise<History[]> {
  const histories: History[] = [];
  for (const seed of seeds)
    histories.push(await new HistoryMaker({ source: bed.pair.source, seed, transactions, tally }).make());
  return histories;
}

async function told(histories: readonly History[], text: string, { major, shrinkMs }: RunOptions): Promise<string> {
  const limits = { runs: SHRINK_RUNS, milliseconds: shrinkMs };
  const [first] = histories;
  const named = histories.filter(({ prefix }) => text.includes(prefix));
  const others = histories.filter((history) => !named.includes(history));
  const together =
    first === undefined ? [] : [{ ...first, transactions: histories.flatMap(({ transactions }) => transactions) }];
  for (const history of [...named, ...others, ...together]) {
    const shrunk = await shrinkHistory(major, history, limits);
    if (shrunk === null) continue;
    const { finding, runs } = shrunk;
    return `PostgreSQL ${major}, seed ${history.seed}: ${finding.kind}\n${finding.text}\n\nafter ${runs} runs this is left of it:\n${asScript(shrunk.history)}`;
  }
  return `PostgreSQL ${major}, seeds ${histories.map(({ seed }) => seed).join(', ')}, but not when they are run again: ${text}`;
}
