import { printable } from '../../observe/printable.ts';
import { bytesText, countText, durationText } from '../../observe/units.ts';
import type { SnapshotReport } from '../../pipeline/snapshot/progress-report.ts';

const PHASES: Readonly<Record<SnapshotReport['phase'], string>> = {
  schema: 'schema',
  rows: 'rows',
  'post-data': 'indexes and constraints',
  catchup: 'catching up',
  done: 'done',
};

/** How far the copy is, in one line for a person. Pure. */
export function progressLine(report: SnapshotReport): string {
  const parts = report.paused === null ? partsOf(report) : [...partsOf(report), `paused: ${report.paused}`];
  return `${PHASES[report.phase]}${parts.length === 0 ? '' : ' '}${parts.join(', ')}`;
}

function partsOf(report: SnapshotReport): string[] {
  switch (report.phase) {
    case 'schema':
    case 'post-data':
      return sectionText(report.section);
    case 'rows':
      return rowsText(report);
    case 'catchup':
      return catchUpText(report);
    case 'done':
      return [tablesText(report), `${countText(report.rowsDone)} rows`, bytesText(report.bytesDone)];
    default:
      return report.phase satisfies never;
  }
}

function sectionText(section: SnapshotReport['section']): string[] {
  if (section === null) return [];
  const current = printable(section.current).replace(/\s+/g, ' ').trim();
  const count = `${countText(section.done)} of ${countText(section.total)}`;
  return [current === '' ? count : `${count}: ${current}`];
}

function rowsText(report: SnapshotReport): string[] {
  const parts = [`${report.percent} %`, tablesText(report)];
  parts.push(`${countText(report.rowsDone)} rows`, bytesText(report.bytesDone));
  if (report.bytesPerSecond !== null) parts.push(`${bytesText(report.bytesPerSecond)}/s`);
  if (report.secondsLeft !== null) parts.push(`about ${durationText(report.secondsLeft)} left`);
  return parts;
}

function tablesText({ tableCounts: { waiting, copying, copied, changed, gone } }: SnapshotReport): string {
  const all = waiting + copying + copied + changed + gone;
  return `${countText(copied + gone)} of ${countText(all)} table${all === 1 ? '' : 's'}`;
}

function catchUpText({ bytesToCatchUp, tableCounts: { changed } }: SnapshotReport): string[] {
  return [
    ...(bytesToCatchUp === null ? [] : [`${bytesText(bytesToCatchUp)} of WAL to go`]),
    ...(changed === 0 ? [] : [`${countText(changed)} table${changed === 1 ? ' is' : 's are'} copied anew`]),
  ];
}
