import type { BenchReport } from '../measure/results.ts';
import { summarize, WRITER_YARDSTICK } from './summary.ts';

const WIDTH = 760;
const LABEL = 270;
const BAR = 18;
const GAP = 8;
const TOP = 48;
const COLORS: readonly string[] = ['#1f6feb', '#8957e5', '#2da44e', '#bf8700'];

interface Bar {
  readonly label: string;
  readonly contestant: string;
  readonly speed: number;
}

/** Bars of speed relative to native replication, which is the line at 1. */
export function plot(report: BenchReport): string {
  const bars = barsOf(report);
  const names = [...new Set(bars.map(({ contestant }) => contestant))];
  const most = Math.max(1.2, ...bars.map(({ speed }) => speed)) * 1.1;
  const x = (speed: number): number => LABEL + (speed / most) * (WIDTH - LABEL - 60);
  const height = TOP + bars.length * (BAR + GAP) + 30;
  const shapes = bars.flatMap(({ label, contestant, speed }, i) => {
    const y = TOP + i * (BAR + GAP);
    const color = COLORS[names.indexOf(contestant) % COLORS.length];
    return [
      text(LABEL - 8, y + BAR - 5, label, 'end'),
      `<rect x="${LABEL}" y="${y}" width="${(x(speed) - LABEL).toFixed(1)}" height="${BAR}" fill="${color}"/>`,
      text(x(speed) + 6, y + BAR - 5, speed.toFixed(2), 'start'),
    ];
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="13">`,
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    text(16, 26, `Speed compared with native logical replication (text), PostgreSQL ${report.postgres}`, 'start'),
    ...shapes,
    `<line x1="${x(1).toFixed(1)}" y1="${TOP - 8}" x2="${x(1).toFixed(1)}" y2="${height - 24}" stroke="#24292f" stroke-dasharray="4 3"/>`,
    text(x(1), height - 8, 'native = 1', 'middle'),
    '</svg>',
    '',
  ].join('\n');
}

function barsOf(report: BenchReport): Bar[] {
  return report.workloads.flatMap((workload) =>
    summarize(workload).flatMap(({ contestant, speed, equal }) =>
      speed === null || equal === null || contestant === WRITER_YARDSTICK
        ? []
        : [{ label: `${workload.id} ${contestant}`, contestant, speed }],
    ),
  );
}

function text(x: number, y: number, content: string, anchor: 'start' | 'middle' | 'end'): string {
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}" fill="#24292f">${escaped}</text>`;
}
