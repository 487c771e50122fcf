import { type Line, summarize } from './report/summary.ts';
import type { WorkloadResult } from './measure/results.ts';

/**
 * Ratios to native replication that this code reached once, by workload. CPU seconds are compared and not wall time: on two cores that others use as
 * well, the time of a short run says more about the others.
 */
export interface Baseline {
  readonly comment: string;
  readonly ratios: Readonly<Record<string, { readonly thrift: number; readonly speed: number }>>;
}

/** A ratio may fall to these parts of the baseline before somebody has to look: what repeated quick runs of one build differ by, and more. */
export const LEAST_THRIFT = 0.6;
export const LEAST_SPEED = 0.4;

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
      ...fallen(`${result.id} CPU compared with native`, line.thrift, before.thrift, LEAST_THRIFT),
      ...fallen(`${result.id} speed compared with native`, line.speed, before.speed, LEAST_SPEED),
    ];
  });
}

export function baselineOf(results: readonly WorkloadResult[], comment: string): Baseline {
  const ratios: Record<string, { thrift: number; speed: number }> = {};
  for (const result of results) {
    const line = ownLine(result);
    if (line === undefined || line.thrift === null || line.speed === null) continue;
    ratios[result.id] = { thrift: round(line.thrift), speed: round(line.speed) };
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
