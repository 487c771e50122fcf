import { progressLine } from '../../app/snapshot/progress-line.ts';
import { printable } from '../../observe/printable.ts';
import { bytesText, countText } from '../../observe/units.ts';
import type { SnapshotReport, TableProgress } from '../../pipeline/snapshot/progress-report.ts';
import { oneLine, painter, type Paint } from '../format.ts';
import { bar } from './bar.ts';

export interface ProgressStyle {
  readonly color: boolean;
  readonly unicode: boolean;
  readonly width: number;
  /** Tables that are shown by name at most. */
  readonly tables: number;
}

const BAR = 30;
const SMALL_BAR = 12;
const LONGEST_NAME = 40;

/** A bar for the whole, what is known in a line, and a bar for each table that is being copied. Pure. */
export function progressLines(target: string, report: SnapshotReport, style: ProgressStyle): string[] {
  const paint = painter(style.color);
  return [
    headLine(target, report, style, paint),
    `  ${oneLine(progressLine(report), style.width - 2)}`,
    ...(report.phase === 'rows' || report.phase === 'catchup' ? tableLines(report, style, paint) : []),
  ];
}

function headLine(target: string, report: SnapshotReport, style: ProgressStyle, paint: Paint): string {
  const percent = overallPercent(report);
  const end = ` ${percent.toFixed(1).padStart(5)} %`;
  const width = Math.max(8, Math.min(BAR, style.width - end.length - 12));
  const name = oneLine(target, Math.max(4, style.width - width - end.length - 4));
  return `${paint.strong(name)}  ${paint.good(bar(percent, width, style.unicode))}${end}`;
}

/** Of the phase: rows by size, the sections of the schema by their statements. */
function overallPercent({ phase, percent, section }: SnapshotReport): number {
  if (phase === 'rows') return percent;
  if (phase === 'catchup' || phase === 'done') return 100;
  return section === null || section.total === 0 ? 0 : Math.floor((section.done / section.total) * 1000) / 10;
}

function tableLines(report: SnapshotReport, style: ProgressStyle, paint: Paint): string[] {
  const busy = report.tables.filter(({ state }) => state === 'copying' || state === 'changed').slice(0, style.tables);
  const names = busy.map((table) => oneLine(printable(`${table.schema}.${table.name}`), LONGEST_NAME));
  const longest = Math.max(0, ...names.map(({ length }) => length));
  return busy.map((table, i) => {
    const name = (names[i] ?? '').padEnd(longest);
    const drawn = `  ${name}  ${bar(table.percent, SMALL_BAR, style.unicode)}  `;
    const line = `${drawn}${tableText(table)}`;
    // a line that is cut has no colour: the codes have no width, but take characters
    if (line.length > style.width) return `${line.slice(0, Math.max(1, style.width - 1))}…`;
    return `${drawn}${paint.faint(tableText(table))}`;
  });
}

function tableText({ state, percent, bytesDone, rowsDone, rangesDone, rangesTotal }: TableProgress): string {
  const parts = [`${percent.toFixed(1).padStart(5)} %`, bytesText(bytesDone)];
  if (rowsDone > 0) parts.push(`${countText(rowsDone)} rows`);
  if (rangesTotal > 1) parts.push(`${countText(rangesDone)} of ${countText(rangesTotal)} ranges`);
  if (state === 'changed') parts.push('changed on the source, copied anew');
  return parts.join(', ');
}
