import { median } from '../statistics.ts';
import type { Copy, CopyResult } from './results.ts';

const MEGABYTE = 1024 * 1024;

/** What the others are compared with, each in the same round. */
const YARDSTICKS = ['native', 'pipe', 'pipe+keys'] as const;

export interface CopyLine {
  readonly contestant: string;
  readonly seconds: number;
  readonly cpu: Copy['cpu'];
  readonly peakBytes: number | null;
  readonly equal: boolean;
  /** Speed compared with each yardstick, the median of the rounds; above 1 is faster. */
  readonly speeds: Readonly<Record<string, number>>;
}

/** Pure: medians over the rounds. */
export function copyLines({ measurements }: CopyResult): CopyLine[] {
  const names = [...new Set(measurements.map(({ contestant }) => contestant))];
  return names.map((name) => {
    const own = measurements.filter(({ contestant }) => contestant === name);
    const peaks = own.flatMap(({ peakBytes }) => (peakBytes === null ? [] : [peakBytes]));
    const speeds = YARDSTICKS.flatMap((yardstick): [string, number][] => {
      const ratios = own.flatMap((one) => {
        const other = measurements.find(({ contestant, round }) => contestant === yardstick && round === one.round);
        return other === undefined || yardstick === name ? [] : [other.seconds / one.seconds];
      });
      return ratios.length === 0 ? [] : [[yardstick, median(ratios)]];
    });
    return {
      contestant: name,
      seconds: median(own.map(({ seconds }) => seconds)),
      cpu: {
        source: median(own.map(({ cpu }) => cpu.source)),
        target: median(own.map(({ cpu }) => cpu.target)),
        clients: median(own.map(({ cpu }) => cpu.clients)),
      },
      peakBytes: peaks.length === 0 ? null : Math.max(...peaks),
      equal: own.every(({ differences }) => differences.length === 0),
      speeds: Object.fromEntries(speeds),
    };
  });
}

export function copySection(result: CopyResult): string[] {
  const lines = copyLines(result);
  const compared = YARDSTICKS.filter((name) => lines.some(({ speeds }) => speeds[name] !== undefined));
  const head = [
    '',
    'seconds',
    'rows/s',
    ...compared.map((name) => `× ${name}`),
    'CPU s: source',
    'target',
    'clients',
    'peak RSS MB',
    'equal',
  ];
  return [
    `### ${result.id} ${result.title}`,
    `${count(result.tables)} table${result.tables === 1 ? '' : 's'}, ${count(result.rows)} rows, ${Math.round(result.bytes / MEGABYTE)} MB with indexes.`,
    '',
    row(head),
    row(head.map((_, i) => (i === 0 ? '---' : '---:'))),
    ...lines.map((line) =>
      row([
        line.contestant,
        line.seconds.toFixed(2),
        count(Math.round(result.rows / line.seconds)),
        ...compared.map((name) => line.speeds[name]?.toFixed(2) ?? ''),
        line.cpu.source.toFixed(2),
        line.cpu.target.toFixed(2),
        line.cpu.clients.toFixed(2),
        line.peakBytes === null ? '' : (line.peakBytes / MEGABYTE).toFixed(0),
        line.equal ? 'yes' : '**NO**',
      ]),
    ),
    '',
  ];
}

/** Tables that differ, one line each. */
export function copyFaults(results: readonly CopyResult[]): string[] {
  return results.flatMap(({ id, measurements }) =>
    measurements.flatMap(({ contestant, differences }) =>
      differences.map((difference) => `${id} ${contestant}: tables differ: ${difference}`),
    ),
  );
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}
