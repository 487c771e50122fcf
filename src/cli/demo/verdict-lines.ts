import type { Verdict } from '../../app/demo/verdict.ts';
import { painter, type Paint } from '../format.ts';

const SHOWN = 12;

/** The verdict in full: what was compared, how far the target was behind, and what went wrong. */
export function verdictLines(verdict: Verdict, color: boolean): string[] {
  const paint = painter(color);
  const { lag, migrations, comparison } = verdict;
  const kills = `daemon killed ${times(verdict.daemonKills)}, target killed ${times(verdict.targetKills)}`;
  return [
    '',
    `writes   ${verdict.transactions} transactions, ${verdict.rows} rows; ${verdict.repeated} transactions met a schema change and were rolled back`,
    `changes  ${migrations.ran} of ${migrations.of} migrations; ${kills}`,
    ...(comparison === null ? ['schema   not compared', 'rows     not compared'] : compared(comparison, paint)),
    `lag      p50 ${ms(lag.p50)}, p99 ${ms(lag.p99)}, commit on the source → visible on the target (${lag.count} samples while nothing was down)`,
    `         worst ${ms(lag.worst)}, start and kills included`,
    ...verdict.failures.flatMap((failure) => paintedLines(paint.bad, 'failed   ', failure)),
    '',
    verdict.equal
      ? paint.good(`EQUAL: the target is the source, after ${Math.round(verdict.seconds)} s`)
      : paint.bad(`NOT EQUAL, after ${Math.round(verdict.seconds)} s`),
  ];
}

function compared(comparison: NonNullable<Verdict['comparison']>, paint: Paint): string[] {
  const { schemaDifferences, rowDifferences, dumpDifferences, pgDump } = comparison;
  const dump =
    pgDump === null
      ? 'no pg_dump on this machine reads this version, so it was not asked'
      : `pg_dump ${pgDump} says ${dumpDifferences.length === 0 ? 'the same' : 'otherwise'}`;
  return [
    `schema   ${word(schemaDifferences, paint)}: ${comparison.objects} objects of the catalogs; ${dump}`,
    ...listed(schemaDifferences),
    ...listed(dumpDifferences),
    `rows     ${word(rowDifferences, paint)}: ${comparison.tables} tables, ${comparison.rows} rows, by checksum`,
    ...listed(rowDifferences),
  ];
}

function word(differences: readonly string[], paint: Paint): string {
  return differences.length === 0
    ? paint.good('equal')
    : paint.bad(`${differences.length} difference${differences.length === 1 ? '' : 's'}`);
}

function listed(differences: readonly string[]): string[] {
  const shown = differences.slice(0, SHOWN).flatMap((text) => text.split('\n').map((line) => `           ${line}`));
  return differences.length > SHOWN ? [...shown, `           and ${differences.length - SHOWN} more`] : shown;
}

function paintedLines(tint: (text: string) => string, head: string, text: string): string[] {
  return text.split('\n').map((line, i) => `${i === 0 ? head : ' '.repeat(head.length)}${tint(line)}`);
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}

export function ms(value: number | null): string {
  if (value === null) return '?';
  if (value >= 10_000) return `${(value / 1000).toFixed(0)} s`;
  if (value >= 1_000) return `${(value / 1000).toFixed(1)} s`;
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
}
