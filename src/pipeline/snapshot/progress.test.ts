import { describe, expect, it } from 'vitest';
import { lsn } from '../../wal/lsn.ts';
import type { Cut, SnapshotTable, TableState } from '../../wal/snapshot.ts';
import { SnapshotProgress } from './progress.ts';

const MB = 1024 * 1024;
const CUT: Cut = { snapshot: { xmin: 1n, xmax: 1n, inProgress: new Set() }, until: lsn(1n) };

function table(oid: number, bytes: number, ranges: number, done = 0): TableState {
  return {
    table: {
      oid,
      metadata: { oid, schema: 's', name: `t${oid}`, kind: 'r', persistence: 'p', owner: 'o', identity: 'd' },
      fileNode: '1',
      bytes,
      estimatedRows: 0,
    } satisfies SnapshotTable,
    state: ranges > 0 && done === ranges ? 'copied' : 'waiting',
    key: null,
    ranges: Array.from({ length: ranges }, (_, number) => ({
      number,
      lower: null,
      upper: null,
      cut: number < done ? CUT : null,
      rows: number < done ? 10 : 0,
      bytes: number < done ? MB : 0,
    })),
  };
}

function progressOf(tables: readonly TableState[]) {
  const clock = { now: 1_000_000 };
  const progress = new SnapshotProgress(() => clock.now);
  progress.load({ phase: 'rows', schema: CUT, tables });
  return { progress, clock };
}

describe('SnapshotProgress', () => {
  it('tells share, rate and time left from what moved within the last minute', () => {
    const { progress, clock } = progressOf([table(1, 100 * MB, 1)]);
    const range = progress.range(1);
    expect(progress.report()).toMatchObject({ percent: 0, secondsLeft: null, bytesPerSecond: null });
    for (let second = 0; second < 10; second++) {
      clock.now += 1_000;
      range.add(5 * MB, 100);
    }
    const report = progress.report();
    expect(report).toMatchObject({ percent: 50, bytesDone: 50 * MB, rowsDone: 1_000, tableCounts: { copying: 1 } });
    expect(report.bytesPerSecond).toBe(5 * MB);
    expect(report.secondsLeft).toBe(10);
    clock.now += 600_000;
    expect(progress.report().bytesPerSecond).toBeNull();
  });

  it('takes back what was counted of a range that was given up, but not what was moved', () => {
    const { progress } = progressOf([table(1, 100 * MB, 2)]);
    const lost = progress.range(1);
    lost.add(MB, 7);
    lost.abandon();
    expect(progress.report()).toMatchObject({ bytesDone: 0, rowsDone: 0, bytesMoved: MB, rowsMoved: 7 });
    const kept = progress.range(1);
    kept.add(MB);
    kept.done({ bytes: MB, rows: 3 });
    expect(progress.report()).toMatchObject({ bytesDone: MB, rowsDone: 3, bytesMoved: 2 * MB, rowsMoved: 10 });
    expect(progress.report().tables[0]).toMatchObject({ rangesDone: 1, rangesTotal: 2, state: 'waiting' });
  });

  it('goes on from what an earlier run has left, without a burst in the rate', () => {
    const { progress, clock } = progressOf([table(1, 10 * MB, 10, 5), table(2, 10 * MB, 1, 1)]);
    clock.now += 5_000;
    expect(progress.report()).toMatchObject({ bytesDone: 6 * MB, rowsDone: 60, bytesMoved: 0 });
    expect(progress.report().percent).toBeGreaterThan(70);
    clock.now += 5_000;
    expect(progress.report().bytesPerSecond).toBe(0);
  });

  it('learns from finished tables how many bytes of COPY a byte on disk makes', () => {
    const { progress } = progressOf([table(1, 10 * MB, 1), table(2, 10 * MB, 1)]);
    const first = progress.range(1);
    first.add(20 * MB);
    first.done({ bytes: 20 * MB, rows: 1 });
    progress.mark(1, 'copied');
    progress.range(2).add(10 * MB);
    expect(progress.report().tables[0]).toMatchObject({ name: 't2', percent: 50 });
  });

  it('never says 100 % of rows while something is missing', () => {
    const { progress } = progressOf([table(1, 1, 1), table(2, 1000 * MB, 1, 1)]);
    progress.range(1).add(50 * MB);
    expect(progress.report().percent).toBeLessThan(100);
    progress.enter('post-data');
    expect(progress.report().percent).toBe(100);
  });

  it('forgets the counts of a table that starts over, and counts one that is new', () => {
    const { progress } = progressOf([table(1, MB, 2, 2)]);
    progress.begin(table(1, MB, 4));
    progress.begin(table(9, MB, 1));
    expect(progress.report()).toMatchObject({ bytesDone: 0, tableCounts: { waiting: 2, copied: 0 } });
    progress.mark(1, 'changed');
    progress.mark(9, 'gone');
    expect(progress.report().tableCounts).toMatchObject({ changed: 1, gone: 1 });
  });

  it('shows the tables that matter first, and no more than asked for', () => {
    const { progress } = progressOf([table(1, MB, 1, 1), table(2, MB, 1), table(3, 2 * MB, 1), table(4, 1, 1)]);
    progress.range(4);
    expect(progress.report(3).tables.map(({ name }) => name)).toEqual(['t4', 't3', 't2']);
  });

  it('is plain JSON', () => {
    const { progress } = progressOf([table(1, MB, 1)]);
    progress.section({ done: 1, total: 2, current: 'create index' });
    progress.pause('the slot keeps 2 GB');
    const report = progress.report();
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
    progress.enter('catchup');
    progress.catchUp(77);
    expect(progress.report()).toMatchObject({ phase: 'catchup', section: null, bytesToCatchUp: 77 });
  });
});
