import { expect, it } from 'vitest';
import type { SnapshotReport } from '../pipeline/snapshot/progress-report.ts';
import type { StatusReport, TargetReport } from '../app/status/status-report.ts';
import { renderStatus } from './render-status.ts';

const TARGET: TargetReport = {
  name: 'replica',
  address: 'db2:5432/shop',
  reachable: true,
  state: 'streaming',
  error: null,
  checkpointLsn: '0/1A2B3C',
  lagBytes: 2048,
  lagSeconds: 1.5,
  rows: 1234,
  transactions: 88,
  ddl: 3,
  lastDdl: null,
  copyPhase: null,
  snapshot: null,
};

const REPORT: StatusReport = {
  pipeline: 'main',
  version: '0.1.0',
  at: '2026-01-01T01:00:00.000Z',
  ok: true,
  problems: [],
  notes: [],
  daemon: {
    kind: 'reached',
    address: '127.0.0.1:9464',
    pid: 42,
    version: '0.1.0',
    startedAt: '2026-01-01T00:00:00.000Z',
    streaming: true,
    error: null,
    reconnects: 0,
    forgedMessages: 0,
    reason: null,
  },
  source: {
    address: 'db1:5432/shop',
    reachable: true,
    serverVersion: 180004,
    systemIdentifier: '7',
    timeline: 1,
    currentLsn: '0/1A3000',
    error: null,
    captures: { enabled: 6, disabled: [] },
  },
  migrations: [
    {
      set: 'core',
      database: 'source',
      version: 1,
      failed: [],
      applied: ['0000_a', '0001_b'],
      pending: [],
      error: null,
    },
    {
      set: 'target',
      database: 'replica',
      version: 0,
      failed: [],
      applied: ['0000_a'],
      pending: ['0001_b'],
      error: null,
    },
  ],
  slot: {
    name: 'walcast_main',
    active: true,
    confirmedLsn: '0/1A2B3C',
    restartLsn: '0/1A0000',
    walStatus: 'reserved',
    retainedBytes: 3 * 1024 * 1024,
    safeBytes: 1024 ** 3,
    secondsLeft: 7_200,
  },
  targets: [TARGET],
  lastDdl: {
    target: 'replica',
    lsn: '0/1A2000',
    tag: 'ALTER TABLE',
    how: 'verbatim',
    milliseconds: 2.6,
    statement: 'alter table t\n  add column c int',
  },
  exceptions: [{ kind: 'sequence', count: 2, objects: ['public.a', 'public.b'], meaning: 'the value stays behind' }],
};

it('shows a healthy pipeline compactly, aligned and without colour', () => {
  expect(renderStatus(REPORT, { color: false, width: 100 })).toEqual([
    'pipeline main: healthy',
    '',
    'daemon      pid 42, 127.0.0.1:9464, streaming, up 60 min',
    'source      db1:5432/shop, PostgreSQL 18.4, WAL ends at 0/1A3000',
    'slot        walcast_main, active, WAL reserved, confirmed 0/1A2B3C, keeps 3.0 MB, 1.0 GB left (about 2 h)',
    'migrations  core on source: version 1, 2 applied',
    'migrations  target on replica: version 0, 1 applied, 1 pending (0001_b)',
    '',
    'target   state      checkpoint  lag            rows  transactions  DDL  address',
    'replica  streaming  0/1A2B3C    2.0 kB  1.5 s  1234  88            3    db2:5432/shop',
    '',
    'last DDL  ALTER TABLE on replica at 0/1A2000, verbatim, 3 ms',
    '  alter table t add column c int',
    '',
    'not followed as it is',
    '  2 sequence: public.a, public.b',
    '    the value stays behind',
  ]);
});

it('puts what is wrong first, with what to do', () => {
  const problems = [{ where: 'target replica', message: 'E_TARGET_CONFLICT: row\nkey (1)', hint: 'Compare it.' }];
  const lines = renderStatus({ ...REPORT, ok: false, problems }, { color: false, width: 100 });
  expect(lines.slice(0, 6)).toEqual([
    'pipeline main: unhealthy, 1 problem',
    '',
    'problems',
    '  target replica: E_TARGET_CONFLICT: row',
    '    key (1)',
    '    what to do: Compare it.',
  ]);
});

it('shows how far a copy is that is under way', () => {
  const snapshot: SnapshotReport = {
    phase: 'rows',
    startedAt: 0,
    since: 0,
    percent: 43.2,
    size: 100,
    sizeDone: 43,
    bytesDone: 5 * 1024 ** 2,
    rowsDone: 12_345,
    bytesPerSecond: 1024 ** 2,
    rowsPerSecond: 10,
    secondsLeft: 600,
    tableCounts: { waiting: 1, copying: 1, copied: 2, changed: 0, gone: 0 },
    tables: [
      {
        schema: 's',
        name: 'a\u001b[2Jb',
        state: 'copying',
        size: 10,
        percent: 50,
        bytesDone: 1024,
        rowsDone: 0,
        rangesDone: 1,
        rangesTotal: 2,
      },
    ],
    section: null,
    paused: null,
    bytesToCatchUp: null,
    bytesMoved: 0,
    rowsMoved: 0,
  };
  const shown = (report: SnapshotReport): string[] =>
    renderStatus(
      { ...REPORT, lastDdl: null, exceptions: [], targets: [{ ...TARGET, state: 'snapshot', snapshot: report }] },
      { color: false, width: 120 },
    ).slice(10);
  expect(shown(snapshot)).toEqual([
    '',
    'copy into replica  [############------------------]  43.2 %',
    '  rows 43.2 %, 2 of 4 tables, 12,345 rows, 5.0 MB, 1.0 MB/s, about 10 min left',
    '  s.a [2Jb  [######------]   50.0 %, 1.0 kB, 1 of 2 ranges',
  ]);
  expect(shown({ ...snapshot, phase: 'done' })).toEqual([]);
});

it('colours only when it may', () => {
  const options = { color: true, width: 100 };
  expect(renderStatus(REPORT, options)[0]).toContain('\u001b[32mhealthy');
  expect(renderStatus(REPORT, { ...options, color: false }).join('')).not.toContain('\u001b');
});
