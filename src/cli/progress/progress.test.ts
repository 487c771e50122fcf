import { Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { progressLine } from '../../app/snapshot/progress-line.ts';
import type { SnapshotReport, TableProgress } from '../../pipeline/snapshot/progress-report.ts';
import { bar } from './bar.ts';
import { progressLines } from './progress-lines.ts';
import { progressView } from './progress-view.ts';
import { summaryLine } from './summary-line.ts';

const TABLE: TableProgress = {
  schema: 'shop',
  name: 'orders',
  state: 'copying',
  size: 1,
  percent: 25,
  bytesDone: 2048,
  rowsDone: 1_000,
  rangesDone: 1,
  rangesTotal: 1,
};
const REPORT: SnapshotReport = {
  phase: 'rows',
  startedAt: 0,
  since: 0,
  percent: 50,
  size: 100,
  sizeDone: 50,
  bytesDone: 1024,
  rowsDone: 10,
  bytesPerSecond: null,
  rowsPerSecond: null,
  secondsLeft: null,
  tableCounts: { waiting: 0, copying: 1, copied: 0, changed: 0, gone: 0 },
  tables: [TABLE],
  section: null,
  paused: null,
  bytesToCatchUp: null,
  bytesMoved: 0,
  rowsMoved: 0,
};

describe('progressLine', () => {
  const section = { done: 3, total: 12, current: 'create index\n  i on t' };
  it.each<[Partial<SnapshotReport>, string]>([
    [{ phase: 'schema' }, 'schema'],
    [{ phase: 'schema', section: { ...section, current: '' } }, 'schema 3 of 12'],
    [{ phase: 'post-data', section }, 'indexes and constraints 3 of 12: create index i on t'],
    [{}, 'rows 50 %, 0 of 1 table, 10 rows, 1.0 kB'],
    [
      { bytesPerSecond: 2048, secondsLeft: 90, paused: 'a standby lags' },
      'rows 50 %, 0 of 1 table, 10 rows, 1.0 kB, 2.0 kB/s, about 90 s left, paused: a standby lags',
    ],
    [
      { phase: 'catchup', bytesToCatchUp: 1024, tableCounts: { ...REPORT.tableCounts, changed: 2 } },
      'catching up 1.0 kB of WAL to go, 2 tables are copied anew',
    ],
    [
      { phase: 'done', rowsDone: 1_234_567, tableCounts: { ...REPORT.tableCounts, copying: 0, copied: 2_000 } },
      'done 2,000 of 2,000 tables, 1,234,567 rows, 1.0 kB',
    ],
  ])('tells %j', (report, line) => {
    expect(progressLine({ ...REPORT, ...report })).toBe(line);
  });
});

describe('bar', () => {
  it('is as wide as asked, whatever the share', () => {
    for (const percent of [-1, 0, 0.1, 33.3, 99.9, 100, 101]) {
      expect(bar(percent, 20, true)).toHaveLength(20);
      expect(bar(percent, 20, false)).toHaveLength(22);
    }
    expect(bar(99.9, 10, true)).not.toBe('█'.repeat(10));
    expect(bar(100, 10, true)).toBe('█'.repeat(10));
    expect(bar(0, 3, true)).toBe('░░░');
  });
});

describe('progressLines', () => {
  const style = { color: false, unicode: true, width: 100, tables: 4 };
  it('draws the whole and the tables at work', () => {
    const waiting = { ...TABLE, state: 'waiting', name: 'later' } as const;
    const lines = progressLines('replica', { ...REPORT, tables: [TABLE, waiting] }, style);
    expect(lines).toHaveLength(3);
    expect(lines[0]).toMatch(/^replica {2}█{15}░{15} {2}50\.0 %$/);
    expect(lines[2]).toBe('  shop.orders  ███░░░░░░░░░   25.0 %, 2.0 kB, 1,000 rows');
  });

  it('never exceeds width and number, and obeys no name', () => {
    const name = `${'x'.repeat(60)}\u001b[2J\n`;
    const tables = Array.from({ length: 30 }, () => ({ ...TABLE, name }));
    for (const width of [30, 50, 80]) {
      const lines = progressLines(name, { ...REPORT, tables }, { ...style, width });
      expect(lines).toHaveLength(6);
      for (const line of lines) {
        expect(line.length).toBeLessThanOrEqual(width);
        expect(line).not.toMatch(/[\u001b\n]/);
      }
    }
  });
});

describe('progressView', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function output(isTTY: boolean) {
    const written: string[] = [];
    const stream = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        written.push(chunk.toString());
        done();
      },
    });
    return { stream: Object.assign(stream, { isTTY, columns: 80, rows: 24 }), written };
  }

  it('writes a plain line every few seconds where there is no terminal, and none twice', () => {
    const { stream, written } = output(false);
    let report: SnapshotReport | null = null;
    const view = progressView(stream, {}, { target: 't', report: () => report });
    vi.advanceTimersByTime(10_000);
    expect(written).toEqual([]);
    report = REPORT;
    vi.advanceTimersByTime(11_000);
    expect(written).toEqual(['t: rows 50 %, 0 of 1 table, 10 rows, 1.0 kB\n']);
    report = { ...REPORT, phase: 'done' };
    view.close();
    vi.advanceTimersByTime(60_000);
    expect(written).toHaveLength(2);
    expect(written.join('')).not.toContain('\u001b');
  });

  it('paints over its own lines on a terminal, in one write, and gives the cursor back', () => {
    const { stream, written } = output(true);
    const view = progressView(stream, { NO_COLOR: '1', LANG: 'C' }, { target: 't', report: () => REPORT });
    vi.advanceTimersByTime(250);
    expect(written).toHaveLength(3);
    expect(written[2]?.startsWith('\u001b[3A')).toBe(true);
    expect(written[2]).toContain('[######');
    expect(written.join('')).not.toMatch(/\u001b\[\d+m/);
    view.note('careful');
    expect(written.at(-1)).toMatch(/careful.*\n.*\n.*\n/);
    view.close();
    expect(written.at(-1)).toBe('\u001b[?25h');
    vi.advanceTimersByTime(1_000);
    expect(written.at(-1)).toBe('\u001b[?25h');
  });
});

describe('summaryLine', () => {
  it('says what was copied, and what an earlier run had done of it', () => {
    const copied = { target: 'replica', tables: 3_000, rows: 1_234_567, bytes: 2 * 1024 ** 3, seconds: 64 };
    expect(summaryLine({ ...copied, bytesMoved: 2 * 1024 ** 3 })).toBe(
      'replica: copied 3,000 tables, 1,234,567 rows, 2.0 GB in 64 s, 32.0 MB/s',
    );
    expect(summaryLine({ ...copied, bytesMoved: 1024 ** 3 })).toContain('16.0 MB/s, 1.0 GB of it by an earlier run');
    expect(summaryLine({ target: 't', tables: 1, rows: 1, bytes: 0, bytesMoved: 0, seconds: 0.5 })).toBe(
      't: copied 1 table, 1 row, 0 B in 0.5 s',
    );
  });
});
