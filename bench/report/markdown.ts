import type { BenchReport, WorkloadResult } from '../measure/results.ts';
import { copySection } from '../snapshot/report.ts';
import { type Line, summarize } from './summary.ts';

const MEGABYTE = 1024 * 1024;

export function markdown(report: BenchReport): string {
  const settings = Object.entries(report.settings).map(([name, value]) => `${name} = ${value}`);
  return [
    `PostgreSQL ${report.postgres}, Node ${report.node}, ${report.cores} cores of ${report.processor}, load ${report.loadBefore.toFixed(1)} before and ${report.loadAfter.toFixed(1)} after, ${report.startedAt}.`,
    `Size ${report.scale} of the full workloads, median of ${report.rounds} round${report.rounds === 1 ? '' : 's'}, interleaved. Both servers: ${settings.join(', ')}.`,
    '',
    ...report.workloads.flatMap(section),
    ...report.copies.flatMap(copySection),
    '"×" compares with native-text (readers: with recvlogical) in the same round, above 1 is better: time, then CPU of all processes. Initial copies: × the named contestant, by time.',
  ].join('\n');
}

function section(result: WorkloadResult): string[] {
  const lines = summarize(result);
  const latency = result.measurements.some(({ kind }) => kind === 'latency');
  const volume = [
    `${count(result.transactions)} transactions, ${count(result.rows)} rows`,
    ...(result.ddl > 0 ? [`${count(result.ddl)} schema changes`] : []),
    ...(result.walBytes > 0 ? [`${(result.walBytes / MEGABYTE).toFixed(0)} MB of WAL`] : []),
  ];
  const head = latency ? ['p50 ms', 'p99 ms'] : ['seconds', 'rows/s', ...(result.ddl > 0 ? ['DDL/s'] : [])];
  const columns = [
    '',
    ...head,
    '× time',
    '× CPU',
    'CPU s: consumer',
    'walsender',
    'apply',
    'peak RSS MB',
    'start s',
    'equal',
  ];
  return [
    `### ${result.id} ${result.title}`,
    `${volume.join(', ')}.`,
    '',
    row(columns),
    row(columns.map((_, i) => (i === 0 ? '---' : '---:'))),
    ...lines.map((line) =>
      row([
        line.contestant,
        ...(latency
          ? [fixed(line.p50, 1), fixed(line.p99, 1)]
          : [
              fixed(line.seconds, 2),
              line.rowsPerSecond === null ? '' : count(Math.round(line.rowsPerSecond)),
              ...(result.ddl > 0 ? [fixed(line.ddlPerSecond, 0)] : []),
            ]),
        spread(line),
        fixed(line.thrift, 2),
        fixed(line.cpu.consumer, 2),
        fixed(line.cpu.walsender, 2),
        fixed(line.cpu.apply, 2),
        line.peakBytes === null ? '' : (line.peakBytes / MEGABYTE).toFixed(0),
        fixed(line.startSeconds, 2),
        line.equal === null ? '' : line.equal ? 'yes' : '**NO**',
      ]),
    ),
    '',
  ];
}

function spread({ speed, slowest, fastest, rounds }: Line): string {
  if (speed === null) return '';
  return rounds === 1 ? fixed(speed, 2) : `**${fixed(speed, 2)}** (${fixed(slowest, 2)}–${fixed(fastest, 2)})`;
}

function fixed(value: number | null, digits: number): string {
  return value === null ? '' : value.toFixed(digits);
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}
