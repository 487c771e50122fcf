import { progressLine } from '../../app/snapshot/progress-line.ts';
import { wantsColor } from '../../observe/logger.ts';
import type { SnapshotReport } from '../../pipeline/snapshot/progress-report.ts';
import type { OutputStream } from '../io.ts';
import { progressLines } from './progress-lines.ts';

/** Shows how far a copy is until it is closed. */
export interface ProgressView {
  /** A line that stays, above what moves. */
  note(text: string): void;
  /** The last picture is left standing. */
  close(): void;
}

export interface ProgressSource {
  readonly target: string;
  /** Null: nothing to show yet. */
  report(): SnapshotReport | null;
}

const ESC = '\u001b[';
const HIDE_CURSOR = `${ESC}?25l`;
const SHOW_CURSOR = `${ESC}?25h`;
/** A line with wide characters is cut by the terminal then; wrapped it could not be painted over. */
const NO_WRAP = `${ESC}?7l`;
const WRAP = `${ESC}?7h`;
const REDRAW_MS = 250;
const LINE_MS = 5_000;

/** Bars on a terminal, else a line every few seconds. */
export function progressView(stream: OutputStream, env: NodeJS.ProcessEnv, source: ProgressSource): ProgressView {
  return stream.isTTY === true && env['TERM'] !== 'dumb'
    ? liveProgress(stream, env, source)
    : plainProgress(stream, source);
}

/** One write a picture, each line cleared behind its end: no blank screen in between. */
export function liveProgress(stream: OutputStream, env: NodeJS.ProcessEnv, source: ProgressSource): ProgressView {
  const style = { color: wantsColor(stream, env), unicode: isUnicode(env) };
  let painted = 0;
  const lines = (): string[] => {
    const report = source.report();
    if (report === null) return [];
    // the last column stays free: some terminals wrap there
    const width = Math.max(30, (stream.columns ?? 80) - 1);
    const tables = Math.max(1, Math.min(16, (stream.rows ?? 24) - 6));
    return progressLines(source.target, report, { ...style, width, tables });
  };
  const paint = (above: readonly string[]): void => {
    const picture = lines();
    const up = painted === 0 ? '' : `${ESC}${painted}A`;
    const text = [...above, ...picture].map((line) => `${line}${ESC}K\n`).join('');
    stream.write(`${up}${NO_WRAP}${text}${ESC}J${WRAP}`);
    painted = picture.length;
  };
  stream.write(HIDE_CURSOR);
  paint([]);
  const timer = setInterval(() => paint([]), REDRAW_MS);
  timer.unref();
  return {
    note: (text) => paint(text.split('\n')),
    close: () => {
      clearInterval(timer);
      paint([]);
      stream.write(SHOW_CURSOR);
    },
  };
}

export function plainProgress(stream: OutputStream, source: ProgressSource): ProgressView {
  let last = '';
  const tell = (): void => {
    const report = source.report();
    if (report === null) return;
    const line = `${source.target}: ${progressLine(report)}`;
    // a phase in which nothing moves need not be told again and again
    if (line !== last) stream.write(`${line}\n`);
    last = line;
  };
  const timer = setInterval(tell, LINE_MS);
  timer.unref();
  return {
    note: (text) => void stream.write(`${text}\n`),
    close: () => {
      clearInterval(timer);
      tell();
    },
  };
}

function isUnicode(env: NodeJS.ProcessEnv): boolean {
  const locale = [env['LC_ALL'], env['LC_CTYPE'], env['LANG']].find((value) => value !== undefined && value !== '');
  return locale !== undefined && /utf-?8/i.test(locale);
}
