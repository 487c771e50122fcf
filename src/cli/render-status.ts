import type { Finding, MigrationSetReport, StatusReport, TargetReport } from '../app/status/status-report.ts';
import { bytesText, durationText } from '../observe/units.ts';
import { oneLine, painter, serverVersionText, type Paint } from './format.ts';
import { progressLines } from './progress/progress-lines.ts';
import { table } from './table.ts';

export interface RenderOptions {
  readonly color: boolean;
  readonly width: number;
}

const TABLES_SHOWN = 10;

/** The report for a person: what is wrong first, then the numbers. */
export function renderStatus(report: StatusReport, options: RenderOptions): string[] {
  const paint = painter(options.color);
  const { problems } = report;
  const verdict = report.ok
    ? paint.good('healthy')
    : paint.bad(`unhealthy, ${problems.length} problem${problems.length === 1 ? '' : 's'}`);
  return [
    `${paint.strong(`pipeline ${report.pipeline}`)}: ${verdict}`,
    ...findings('problems', problems, paint.bad),
    '',
    ...table([
      ['daemon', daemonText(report)],
      ['source', sourceText(report)],
      ['slot', slotText(report)],
      ...report.migrations.map((set) => ['migrations', setText(set)]),
    ]),
    ...targets(report.targets, paint),
    ...copies(report.targets, options),
    ...lastDdl(report, options),
    ...exceptions(report, options),
    ...findings('notes', report.notes, (text) => text),
  ];
}

function findings(title: string, list: readonly Finding[], tint: (text: string) => string): string[] {
  if (list.length === 0) return [];
  const lines = list.flatMap(({ where, message, hint }) => {
    const [first = '', ...rest] = message.split('\n');
    const more = rest.map((line) => `    ${line}`);
    return [`  ${where}: ${tint(first)}`, ...more, ...(hint === undefined ? [] : [`    what to do: ${hint}`])];
  });
  return ['', title, ...lines];
}

function daemonText({ daemon, at }: StatusReport): string {
  if (daemon.kind !== 'reached') return `none at ${daemon.address}`;
  const parts = [`pid ${daemon.pid}`, daemon.address, daemon.streaming ? 'streaming' : 'not streaming'];
  if (daemon.startedAt !== null)
    parts.push(`up ${durationText((Date.parse(at) - Date.parse(daemon.startedAt)) / 1000)}`);
  if (daemon.reconnects > 0) parts.push(`started over ${daemon.reconnects} times`);
  return parts.join(', ');
}

function sourceText({ source }: StatusReport): string {
  const parts = [source.address];
  if (!source.reachable) parts.push('not reachable');
  if (source.serverVersion !== null) parts.push(`PostgreSQL ${serverVersionText(source.serverVersion)}`);
  if (source.currentLsn !== null) parts.push(`WAL ends at ${source.currentLsn}`);
  return parts.join(', ');
}

function slotText({ slot }: StatusReport): string {
  if (slot === null) return 'none';
  const parts = [slot.name, slot.active ? 'active' : 'not active', `WAL ${slot.walStatus}`];
  parts.push(`confirmed ${slot.confirmedLsn}`, `keeps ${bytesText(slot.retainedBytes)}`);
  if (slot.safeBytes === null) parts.push('no limit is set');
  else {
    const time = slot.secondsLeft === null ? 'nothing is being written' : `about ${durationText(slot.secondsLeft)}`;
    parts.push(`${bytesText(slot.safeBytes)} left (${time})`);
  }
  return parts.join(', ');
}

function setText({ set, database, version, applied, pending, failed, error }: MigrationSetReport): string {
  const open = pending.length === 0 ? '' : `, ${pending.length} pending (${pending.join(', ')})`;
  const wrong = failed.length === 0 ? '' : `, ${failed.length} failed (${failed.join(', ')})`;
  const code = error === null ? '' : `, ${error.code}`;
  return `${set} on ${database}: version ${version ?? 'none'}, ${applied.length} applied${open}${wrong}${code}`;
}

function targets(list: readonly TargetReport[], paint: Paint): string[] {
  if (list.length === 0) return [];
  const rows = list.map((target) => [
    target.name,
    target.reachable ? target.state : `${target.state}, not reachable`,
    target.checkpointLsn ?? 'none',
    target.lagBytes === null ? '?' : bytesText(target.lagBytes),
    target.lagSeconds === null ? '?' : durationText(target.lagSeconds),
    ...[target.rows, target.transactions, target.ddl].map((count) => (count === null ? '?' : String(count))),
    target.address,
  ]);
  const head = ['target', 'state', 'checkpoint', 'lag', '', 'rows', 'transactions', 'DDL', 'address'];
  const [first = '', ...lines] = table([head, ...rows]);
  return ['', paint.faint(first), ...lines];
}

/** Initial copies that are under way. */
function copies(list: readonly TargetReport[], { color, width }: RenderOptions): string[] {
  const style = { color, width, unicode: false, tables: TABLES_SHOWN };
  return list.flatMap(({ name, snapshot }) =>
    snapshot === null || snapshot.phase === 'done' ? [] : ['', ...progressLines(`copy into ${name}`, snapshot, style)],
  );
}

function lastDdl({ lastDdl: last }: StatusReport, { width }: RenderOptions): string[] {
  if (last === null) return [];
  const head = `last DDL  ${last.tag} on ${last.target} at ${last.lsn}, ${last.how}, ${Math.round(last.milliseconds)} ms`;
  return ['', head, ...(last.statement === null ? [] : [`  ${oneLine(last.statement, width - 2)}`])];
}

function exceptions({ exceptions: list }: StatusReport, { width }: RenderOptions): string[] {
  if (list.length === 0) return [];
  const lines = list.flatMap(({ kind, count, objects, meaning }) => {
    const names = `${objects.join(', ')}${count > objects.length ? ', …' : ''}`;
    return [`  ${count} ${kind}: ${oneLine(names, Math.max(20, width - kind.length - 10))}`, `    ${meaning}`];
  });
  return ['', 'not followed as it is', ...lines];
}
