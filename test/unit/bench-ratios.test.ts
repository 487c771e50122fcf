import { describe, expect, it } from 'vitest';
import { baselineOf, regressions } from '../../bench/baseline.ts';
import type { Drain, WorkloadResult } from '../../bench/measure/results.ts';
import { differences } from '../../bench/measure/compare.ts';
import { summarize } from '../../bench/report/summary.ts';
import { median, percentile } from '../../bench/statistics.ts';

function drain(
  contestant: string,
  round: number,
  seconds: number,
  cpuSeconds: number,
  more: Partial<Drain> = {},
): Drain {
  return {
    kind: 'drain',
    contestant,
    round,
    seconds,
    startSeconds: 0.1,
    cpu: { apply: cpuSeconds },
    peakBytes: null,
    differences: [],
    ...more,
  };
}

function workload(...measurements: Drain[]): WorkloadResult {
  return { id: 'W1', title: 'work', transactions: 10, rows: 1000, ddl: 0, walBytes: 0, measurements };
}

describe('statistics', () => {
  it('takes the middle, or the mean of the two in the middle', () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([4, 1, 2, 9])).toBe(3);
    expect(median([])).toBeNaN();
  });

  it('takes percentiles that were measured', () => {
    const values = Array.from({ length: 100 }, (_, i) => 100 - i);
    expect(percentile(values, 0.5)).toBe(51);
    expect(percentile(values, 0.99)).toBe(100);
  });
});

describe('ratios', () => {
  it('compare with native replication of the same round', () => {
    const lines = summarize(
      workload(
        drain('walcast', 1, 1, 2),
        drain('native-text', 1, 2, 3),
        drain('walcast', 2, 10, 2),
        drain('native-text', 2, 5, 3),
        drain('walcast', 3, 2, 2),
        drain('native-text', 3, 2, 3),
      ),
    );
    const own = lines.find(({ contestant }) => contestant === 'walcast');
    expect(own).toMatchObject({
      speed: 1,
      slowest: 0.5,
      fastest: 2,
      thrift: 1.5,
      seconds: 2,
      rowsPerSecond: 500,
      equal: true,
    });
  });

  it('compare readers with pg_recvlogical', () => {
    const lines = summarize(
      workload(drain('reader', 1, 2, 1, { differences: null }), drain('recvlogical', 1, 1, 1, { differences: null })),
    );
    expect(lines.find(({ contestant }) => contestant === 'reader')).toMatchObject({ speed: 0.5, equal: null });
  });
});

describe('the baseline', () => {
  const good = workload(drain('walcast', 1, 1, 1), drain('native-text', 1, 1, 1));

  it('accepts what it was made of, and noise', () => {
    const baseline = baselineOf([good], '');
    expect(regressions([good], baseline)).toEqual([]);
    const noisy = workload(drain('walcast', 1, 1.5, 1.2), drain('native-text', 1, 1, 1));
    expect(regressions([noisy], baseline)).toEqual([]);
  });

  it('refuses what fell too far', () => {
    const baseline = baselineOf([good], '');
    const slow = workload(drain('walcast', 1, 1, 2), drain('native-text', 1, 1, 1));
    expect(regressions([slow], baseline)).toEqual([
      expect.stringContaining('W1 CPU of the apply compared with native: 0.50, was 1'),
    ]);
    const hungry = workload(
      drain('walcast', 1, 1, 1, { cpu: { apply: 1, consumer: 2 } }),
      drain('native-text', 1, 1, 1),
    );
    expect(regressions([hungry], baseline)).toEqual([
      expect.stringContaining('W1 CPU compared with native: 0.33, was 1'),
    ]);
    const late = workload(drain('walcast', 1, 3, 1), drain('native-text', 1, 1, 1));
    expect(regressions([late], baseline)).toEqual([
      expect.stringContaining('W1 speed compared with native: 0.33, was 1'),
    ]);
  });

  it('refuses a ratio that could not be measured', () => {
    const alone = workload(drain('walcast', 1, 1, 1));
    expect(regressions([alone], baselineOf([good], ''))).toHaveLength(3);
  });

  it('refuses tables that differ, also of a workload that it does not know', () => {
    const wrong = workload(drain('walcast', 1, 1, 1, { differences: ['t: source 1, target 2'] }));
    expect(regressions([wrong], { comment: '', ratios: {} })).toEqual([
      'W1 walcast: tables differ: t: source 1, target 2',
    ]);
  });
});

describe('the comparison of tables', () => {
  it('names what differs and what is missing on either side', () => {
    const source = new Map([
      ['same', 'x'],
      ['other', '1'],
      ['missing', 'y'],
    ]);
    const target = new Map([
      ['same', 'x'],
      ['other', '2'],
      ['extra', 'z'],
    ]);
    expect(differences(source, target)).toEqual([
      'other: source 1, target 2',
      'missing: source y, target has none',
      'extra: source has none, target z',
    ]);
  });
});
