import type { DemoState, DemoView } from '../../app/demo/demo-view.ts';
import { oneLine, painter, type Paint } from '../format.ts';
import type { OutputStream } from '../io.ts';
import { table } from '../table.ts';
import { ms, verdictLines } from './verdict-lines.ts';

const ESC = '\u001b[';
const HIDE_CURSOR = `${ESC}?25l`;
const SHOW_CURSOR = `${ESC}?25h`;
/** Kept of what happened; shown are as many as the terminal has room for. */
const KEPT_LINES = 20;
const LEAST_ROWS = 16;
/** Lines for each of the two lists below which the table of row counts makes room. */
const LIST_LINES = 4;

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
    // a picture higher than the terminal could not be painted over
    const room = Math.max(LEAST_ROWS, stream.rows ?? 24) - 1;
    const state = last === null ? [] : stateLines(last, paint, width());
    const counts = last === null ? [] : countLines(last);
    let left = room - head.length - state.length - 4;
    if (left - counts.length >= 2 * LIST_LINES) {
      state.push(...counts);
      left -= counts.length;
    }
    const lines = [...head, ...state];
    const shownDdl = ddl.slice(-Math.max(1, Math.floor(left / 2)));
    if (ddl.length > 0) lines.push('', paint.strong('schema changes as they arrive'), ...shownDdl);
    const shownEvents = events.slice(-Math.max(1, left - shownDdl.length));
    if (events.length > 0) lines.push('', paint.strong('what happened'), ...shownEvents);
    stream.write(`${clear()}${lines.join('\n')}\n`);
    painted = lines.length;
  };
  const event = (text: string, tint: (text: string) => string = (plain) => plain): void => {
    const at = ((performance.now() - begun) / 1000).toFixed(1).padStart(6);
    push(events, `${at} s  ${tint(oneLine(text, width() - 10))}`);
    draw();
  };
  stream.write(HIDE_CURSOR);
  return {
    note: event,
    servers: (sourceUrl, targetUrl, version) => {
      head.push(`${paint.strong('walcast demo')}  two PostgreSQL ${version}`);
      head.push(`source   ${sourceUrl}`.slice(0, width()), `target   ${targetUrl}`.slice(0, width()), '');
      draw();
    },
    migration: ({ number, of, title }) => event(`migration ${number} of ${of}: ${title}`),
    ddl: ({ tag, milliseconds, statement }) => {
      const start = `  ${`${Math.round(milliseconds)} ms`.padStart(7)}  ${tag}  `;
      push(ddl, `${start}${paint.faint(oneLine(statement, width() - start.length))}`);
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

function push(list: string[], line: string): void {
  list.push(line);
  if (list.length > KEPT_LINES) list.shift();
}

function stateLines(state: DemoState, paint: Paint, width: number): string[] {
  const target = state.daemon?.targets[0];
  const daemon =
    state.daemon === null
      ? paint.bad('does not answer')
      : `pid ${state.daemon.pid}, target ${target?.state === 'streaming' ? paint.good('streaming') : paint.bad(target?.state ?? '?')}`;
  const of = state.of === null ? ', until Ctrl-C' : ` of ${state.of} s`;
  const time = `${Math.round(state.seconds)} s${state.phase === 'writing' ? of : ''}`;
  const rate = (value: number): string => String(Math.round(value)).padStart(4);
  const written = `${rate(state.transactionsPerSecond)} transactions/s ${rate(state.rowsPerSecond)} rows/s`;
  return [
    `time     ${time}, ${state.phase}; ${state.migrations} of ${state.migrationsOf} migrations`,
    `writes  ${written}, ${state.rows} rows so far; applied ${rate(state.appliedRowsPerSecond)} rows/s`.slice(0, width),
    `lag      ${ms(state.behindMs)} now, p50 ${ms(state.lagP50)}, p99 ${ms(state.lagP99)}`,
    `daemon   ${daemon}`,
  ];
}

function countLines({ tables }: DemoState): string[] {
  if (tables.length === 0) return [];
  const number = (value: number | null): string => (value === null ? '–' : String(value)).padStart(8);
  const rows = tables.map(({ name, source, target }) => [`  ${name}`, number(source), number(target)]);
  return ['', ...table([['  rows', '  source', '  target'], ...rows])];
}
