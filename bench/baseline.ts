import { type Line, summarize } from './report/summary.ts';
import type { WorkloadResult } from './measure/results.ts';

export interface Ratios {
  /** CPU of the applying process: a short run repeats it best, and single rows in the place of sets show in it first. */
  readonly apply: number;
  /** CPU of all processes. */
  readonly cpu: number;
  /** Time: on cores that others use as well, it says much about the others. */
  readonly speed: number;
}

/** Native's figures over ours, as this code reached them once, by workload: above 1 is better. */
export interface Baseline {
  readonly comment: string;
  readonly ratios: Readonly<Record<string, Ratios>>;
}

/** A ratio may fall to these parts of the baseline before somebody has to look: what repeated quick runs of one build differ by, and more. */
export const LEAST: Ratios = { apply: 0.6, cpu: 0.5, speed: 0.4 };

export const SMOKE_CONTESTANT = 'walcast';

/** Pure: why the run is worse than the baseline, one line each; empty when it is not. */
export function regressions(results: readonly WorkloadResult[], baseline: Baseline): string[] {
  return results.flatMap((result) => {
    const line = ownLine(result);
    if (line === undefined) return [];
    const unequal = result.measurements.flatMap(({ contestant, differences }) =>
      (differences ?? []).map((difference) => `${result.id} ${contestant}: tables differ: ${difference}`),
    );
    const before = baseline.ratios[result.id];
    if (before === undefined) return unequal;
    return [
      ...unequal,
      ...fallen(`${result.id} CPU of the apply compared with native`, line.applyThrift, before.apply, LEAST.apply),
      ...fallen(`${result.id} CPU compared with native`, line.thrift, before.cpu, LEAST.cpu),
      ...fallen(`${result.id} speed compared with native`, line.speed, before.speed, LEAST.speed),
    ];
  });
}

export function baselineOf(results: readonly WorkloadResult[], comment: string): Baseline {
  const ratios: Record<string, Ratios> = {};
  for (const result of results) {
    const line = ownLine(result);
    if (line === undefined || line.applyThrift === null || line.thrift === null || line.speed === null) continue;
    ratios[result.id] = { apply: round(line.applyThrift), cpu: round(line.thrift), speed: round(line.speed) };
  }
  return { comment, ratios };
}

function ownLine(result: WorkloadResult): Line | undefined {
  return summarize(result).find(({ contestant }) => contestant === SMOKE_CONTESTANT);
}

function fallen(what: string, now: number | null, before: number, least: number): string[] {
  const bound = before * least;
  if (now !== null && now >= bound) return [];
  return [
    `${what}: ${now === null ? 'not measured' : now.toFixed(2)}, was ${before}, least allowed ${bound.toFixed(2)}`,
  ];
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
