import { HistoryBed, type Finding } from './history-bed.ts';
import type { History, Step, Transaction } from './history.ts';
import { shrink } from './shrink.ts';

export interface Shrunk {
  readonly history: History;
  readonly finding: Finding;
  readonly runs: number;
}

export interface ShrinkLimits {
  readonly runs: number;
  readonly milliseconds: number;
}

/** First without transactions, then without statements, on fresh databases. Null: the history alone fails no more. */
export async function shrinkHistory(major: number, history: History, limits: ShrinkLimits): Promise<Shrunk | null> {
  const end = performance.now() + limits.milliseconds;
  let runs = 0;
  let bed: HistoryBed | null = null;
  const more = (): boolean => runs < limits.runs && performance.now() < end;

  const run = async (candidate: History): Promise<Finding | null> => {
    runs++;
    bed ??= await HistoryBed.create(major);
    await bed.play(candidate);
    const finding = await bed.finding();
    if (finding === null) await bed.clear();
    if (finding !== null || (await bed.finding()) !== null) {
      await bed.dispose();
      bed = null;
    }
    return finding;
  };

  try {
    let finding = await run(history);
    if (finding === null) return null;
    const { kind } = finding;
    let smallest = history;
    const fails = async (candidate: History): Promise<boolean> => {
      const found = await run(candidate);
      if (found?.kind !== kind) return false;
      finding = found;
      smallest = candidate;
      return true;
    };
    await shrink(history.transactions, (transactions) => fails({ ...history, transactions }), more);
    for (const together of [true, false])
      await shrink(
        placed(smallest.transactions, together),
        (units) => fails({ ...history, transactions: put(units) }),
        more,
      );
    return { history: smallest, finding, runs };
  } finally {
    await (bed as HistoryBed | null)?.dispose();
  }
}

interface Placed {
  readonly transaction: Transaction;
  readonly steps: readonly Step[];
}

const GUARD = / savepoint guard$|^savepoint guard$/;

/** Each step; `together`, with the savepoint that guards it alone. */
function placed(transactions: readonly Transaction[], together: boolean): Placed[] {
  return transactions.flatMap((transaction) => {
    const units: Step[][] = [];
    for (const step of transaction.steps) {
      const previous = units.at(-1);
      const guarded = previous?.[0]?.sql === 'savepoint guard' && !(GUARD.test(step.sql) && previous.length === 1);
      if (together && previous !== undefined && guarded && previous.length < 3) previous.push(step);
      else units.push([step]);
    }
    return units.map((steps) => ({ transaction, steps }));
  });
}

/** Transactions of the steps that are left. */
function put(units: readonly Placed[]): Transaction[] {
  const kept = new Map<Transaction, Step[]>();
  for (const { transaction, steps } of units) kept.set(transaction, [...(kept.get(transaction) ?? []), ...steps]);
  return [...kept].map(([transaction, steps]) => ({ ...transaction, steps }));
}
