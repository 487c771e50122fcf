import type { Drain, Latency, WorkloadResult } from '../measure/results.ts';
import { median } from '../statistics.ts';

/** One contestant's medians over all rounds. */
export interface Line {
  readonly contestant: string;
  readonly rounds: number;
  readonly seconds: number | null;
  readonly rowsPerSecond: number | null;
  readonly ddlPerSecond: number | null;
  readonly p50: number | null;
  readonly p99: number | null;
  readonly cpu: Readonly<Record<'consumer' | 'walsender' | 'apply', number | null>>;
  readonly cpuTotal: number | null;
  readonly peakBytes: number | null;
  readonly startSeconds: number | null;
  /** Every table equal to the source's in every round; null: none to compare. */
  readonly equal: boolean | null;
  /** Speed compared with the yardstick of the same round: above 1 is faster. */
  readonly speed: number | null;
  readonly slowest: number | null;
  readonly fastest: number | null;
  /** The yardstick's CPU seconds, all processes, over ours: above 1 is cheaper. */
  readonly thrift: number | null;
  /** The same of the applying process alone. */
  readonly applyThrift: number | null;
}

/** What a contestant is compared with: writers with native text, readers with pg_recvlogical. */
export const WRITER_YARDSTICK = 'native-text';
const READER_YARDSTICKS: readonly string[] = ['recvlogical', 'raw reader'];

export function summarize(result: WorkloadResult): Line[] {
  const names = [...new Set(result.measurements.map(({ contestant }) => contestant))];
  return names.map((name) => {
    const own = result.measurements.filter(({ contestant }) => contestant === name);
    const drains = own.filter((one) => one.kind === 'drain');
    const latencies = own.filter((one) => one.kind === 'latency');
    const seconds = of(drains, (one) => one.seconds);
    const pairs = own.flatMap((one) => {
      const other = yardstickFor(one, result.measurements);
      return other === undefined ? [] : [{ one, other }];
    });
    const speeds = pairs.map(({ one, other }) => duration(other) / duration(one));
    const compared = own.filter(({ differences }) => differences !== null);
    return {
      contestant: name,
      rounds: own.length,
      seconds,
      rowsPerSecond: seconds === null ? null : result.rows / seconds,
      ddlPerSecond: seconds === null || result.ddl === 0 ? null : result.ddl / seconds,
      p50: of(latencies, (one) => one.p50),
      p99: of(latencies, (one) => one.p99),
      cpu: {
        consumer: of(own, ({ cpu }) => cpu.consumer),
        walsender: of(own, ({ cpu }) => cpu.walsender),
        apply: of(own, ({ cpu }) => cpu.apply),
      },
      cpuTotal: of(own, cpuTotal),
      peakBytes: largest(own.map(({ peakBytes }) => peakBytes)),
      startSeconds: of(drains, (one) => one.startSeconds),
      equal: compared.length === 0 ? null : compared.every(({ differences }) => differences?.length === 0),
      speed: of(speeds, (speed) => speed),
      slowest: speeds.length === 0 ? null : Math.min(...speeds),
      fastest: speeds.length === 0 ? null : Math.max(...speeds),
      thrift: of(pairs, ({ one, other }) => quotient(cpuTotal(other), cpuTotal(one))),
      applyThrift: of(pairs, ({ one, other }) => quotient(other.cpu.apply, one.cpu.apply)),
    };
  });
}

type Measurement = Drain | Latency;

/** The p50 of a latency is its duration. */
function duration(one: Measurement): number {
  return one.kind === 'drain' ? one.seconds : one.p50;
}

function cpuTotal({ cpu }: Measurement): number | undefined {
  const parts = Object.values(cpu);
  return parts.length === 0 ? undefined : parts.reduce((sum, part) => sum + part, 0);
}

function quotient(dividend: number | undefined, divisor: number | undefined): number | undefined {
  return dividend === undefined || divisor === undefined || divisor === 0 ? undefined : dividend / divisor;
}

/** Of the same round: machines change their speed over time. */
function yardstickFor(one: Measurement, all: readonly Measurement[]): Measurement | undefined {
  const names = one.differences === null ? READER_YARDSTICKS : [WRITER_YARDSTICK];
  return all.find(({ contestant, round }) => names.includes(contestant) && round === one.round);
}

function of<T>(items: readonly T[], read: (item: T) => number | undefined): number | null {
  const values = items.map(read).filter((value) => value !== undefined);
  return values.length === 0 ? null : median(values);
}

function largest(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : Math.max(...known);
}
