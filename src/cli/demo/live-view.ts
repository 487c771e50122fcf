import type { DemoState, DemoView } from '../../app/demo/demo-view.ts';
import { oneLine, painter, type Paint } from '../format.ts';
import type { OutputStream } from '../io.ts';
import { table } from '../table.ts';
import { ms, verdictLines } from './verdict-lines.ts';

const ESC = '\u001b[';
const HIDE_CURSOR = `${ESC}?25l`;
const SHOW_CURSOR = `${ESC}?25h`;
const DDL_LINES = 8;
const EVENT_LINES = 6;

/** A few lines that are painted over again and again; what happened stays in view for a while. */
export function liveView(stream: OutputStream, color: boolean): DemoView {
  const begun = performance.now();
  const paint = painter(color);
  const head: string[] = [];
  const ddl: string[] = [];
  const events: string[] = [];
  let last: DemoState | null = null;
  let painted = 0;

  const width = (): number => Math.max(40, (stream.columns ?? 80) - 1);
  const clear = (): string => (painted === 0 ? '' : `${ESC}${painted}A${ESC}J`);
  const draw = (): void => {
    const lines = [...head, ...(last === null ? [] : stateLines(last, paint, width()))];
    if (ddl.length > 0) lines.push('', paint.strong('schema changes as they arrive'), ...ddl);
    if (events.length > 0) lines.push('', paint.strong('what happened'), ...events);
    stream.write(`${clear()}${lines.join('\n')}\n`);
    painted = lines.length;
  };
  const event = (text: string, tint: (text: string) => string = (plain) => plain): void => {
    const at = ((performance.now() - begun) / 1000).toFixed(1).padStart(6);
    push(events, `${at} s  ${tint(oneLine(text, width() - 10))}`, EVENT_LINES);
    draw();
  };
  stream.write(HIDE_CURSOR);
  return {
    note: event,
    servers: (sourceUrl, targetUrl, version) => {
      head.push(`${paint.strong('walcast demo')}  two PostgreSQL ${version}`);
      head.push(oneLine(`source  ${sourceUrl}`, width()), oneLine(`target  ${targetUrl}`, width()), '');
      draw();
    },
    migration: ({ number, of, title }) => event(`migration ${number} of ${of}: ${title}`),
    ddl: ({ tag, milliseconds, statement }) => {
      const start = `  ${`${Math.round(milliseconds)} ms`.padStart(7)}  ${tag}  `;
      push(ddl, `${start}${paint.faint(oneLine(statement, width() - start.length))}`, DDL_LINES);
      draw();
    },
    killed: (what, pid) => event(`kill -9 of the ${what}${pid === undefined ? '' : `, pid ${pid}`}`, paint.bad),
    restarted: (what, seconds) => event(`the ${what} is back after ${seconds.toFixed(1)} s`, paint.good),
    state: (state) => {
      last = state;
      draw();
    },
    verdict: (verdict) => {
      draw();
      stream.write(`${verdictLines(verdict, color).join('\n')}\n`);
      painted = 0;
    },
    close: () => {
      stream.write(SHOW_CURSOR);
    },
  };
}

function push(list: string[], line: string, limit: number): void {
  list.push(line);
  if (list.length > limit) list.shift();
}

function stateLines(state: DemoState, paint: Paint, width: number): string[] {
  const target = state.daemon?.targets[0];
  const daemon =
    state.daemon === null
      ? paint.bad('does not answer')
      : `pid ${state.daemon.pid}, target ${target?.state === 'streaming' ? paint.good('streaming') : paint.bad(target?.state ?? '?')}`;
  const time = `${Math.round(state.seconds)} s${state.of === null ? ', until Ctrl-C' : ` of ${state.of} s`}`;
  const rate = (value: number): string => String(Math.round(value)).padStart(5);
  const counts = state.tables.map(({ name, source, target: there }) => [
    `  ${name}`,
    String(source).padStart(8),
    there === null ? '       –' : String(there).padStart(8),
  ]);
  return [
    `time     ${time}, ${state.phase}; ${state.migrations} of ${state.migrationsOf} migrations`,
    oneLine(
      `writes  ${rate(state.transactionsPerSecond)} transactions/s ${rate(state.rowsPerSecond)} rows/s, ${state.rows} rows so far; applied ${rate(state.appliedRowsPerSecond)} rows/s`,
      width,
    ),
    `lag      ${ms(state.behindMs)} now, p50 ${ms(state.lagP50)}, p99 ${ms(state.lagP99)}`,
    `daemon   ${daemon}`,
    ...(counts.length === 0 ? [] : ['', ...table([['  rows', '  source', '  target'], ...counts])]),
  ];
}
