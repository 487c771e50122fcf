import { describe, expect, it } from 'vitest';
import { assess, type Facts } from './assess.ts';
import type { DaemonReport, MigrationSetReport, SlotReport, SourceReport, TargetReport } from './status-report.ts';

const DAEMON: DaemonReport = {
  kind: 'reached',
  address: '127.0.0.1:9464',
  pid: 1,
  version: '1',
  startedAt: null,
  streaming: true,
  error: null,
  reconnects: 0,
  forgedMessages: 0,
  reason: null,
};
const NO_DAEMON: DaemonReport = { ...DAEMON, kind: 'none', streaming: false, reason: 'ECONNREFUSED' };
const SOURCE: SourceReport = {
  address: 'h/d',
  reachable: true,
  serverVersion: 180000,
  systemIdentifier: '1',
  timeline: 1,
  currentLsn: '0/2',
  error: null,
  captures: { enabled: 6, disabled: [] },
};
const SLOT: SlotReport = {
  name: 's',
  active: true,
  confirmedLsn: '0/1',
  restartLsn: '0/1',
  walStatus: 'reserved',
  retainedBytes: 1,
  safeBytes: null,
  secondsLeft: null,
};
const TARGET: TargetReport = {
  name: 't',
  address: 'h/d',
  reachable: true,
  state: 'streaming',
  error: null,
  checkpointLsn: '0/1',
  lagBytes: 0,
  lagSeconds: 0,
  rows: 0,
  transactions: 0,
  ddl: 0,
  lastDdl: null,
  copyPhase: null,
  snapshot: null,
};
const migrated = (facts: Partial<MigrationSetReport>): MigrationSetReport => ({
  set: 'core',
  database: 'source',
  version: null,
  applied: [],
  pending: [],
  failed: [],
  error: null,
  ...facts,
});
const HEALTHY: Facts = {
  pipeline: 'main',
  version: '1',
  at: '',
  daemon: DAEMON,
  source: SOURCE,
  migrations: [migrated({ applied: ['0000_a'], version: 0 })],
  slot: SLOT,
  targets: [TARGET],
  lastDdl: null,
  exceptions: [],
};

const wrong = (facts: Partial<Facts>): string[] =>
  assess({ ...HEALTHY, ...facts }).problems.map(({ where, message }) => `${where}: ${message}`);
const noted = (facts: Partial<Facts>): string => JSON.stringify(assess({ ...HEALTHY, ...facts }).notes);

describe('assess', () => {
  it('finds nothing wrong with a healthy pipeline, with its daemon and without', () => {
    expect(assess(HEALTHY)).toEqual({ problems: [], notes: [] });
    expect(wrong({ daemon: NO_DAEMON, targets: [{ ...TARGET, state: 'unknown' }] })).toEqual([]);
    expect(noted({ daemon: NO_DAEMON, slot: { ...SLOT, active: false } })).toContain('nobody reads slot s');
  });

  it.each<[string, Partial<Facts>]>([
    ['no slot', { slot: null }],
    ['a lost slot', { slot: { ...SLOT, walStatus: 'lost' } }],
    ['a slot about to be lost', { slot: { ...SLOT, walStatus: 'unreserved' } }],
    ['a stopped target', { targets: [{ ...TARGET, state: 'stopped' }] }],
    ['a target that is tried again', { targets: [{ ...TARGET, state: 'retrying' }] }],
    ['a daemon that does not stream', { daemon: { ...DAEMON, streaming: false } }],
    ['pending migrations', { migrations: [migrated({ applied: ['a'], pending: ['b'] })] }],
    [
      'disabled event triggers',
      { source: { ...SOURCE, captures: { enabled: 5, disabled: ['!walcast_2_end (gone)'] } } },
    ],
    [
      'an unprepared source',
      { source: { ...SOURCE, error: { code: 'E_NOT_INITIALISED', message: 'no', hint: 'init' } }, slot: null },
    ],
  ])('takes %s for a problem, and for one only', (_name, facts) => {
    expect(wrong(facts)).toHaveLength(1);
  });

  it('takes a target that is being filled for neither broken nor idle', () => {
    const filling = { ...TARGET, state: 'snapshot', checkpointLsn: null } as const;
    expect(
      wrong({ daemon: { ...DAEMON, streaming: false }, slot: { ...SLOT, active: false }, targets: [filling] }),
    ).toEqual([]);
  });

  it('tells of a copy that nobody goes on with', () => {
    const halfway = { ...TARGET, state: 'unknown', copyPhase: 'rows' } as const;
    expect(noted({ daemon: NO_DAEMON, targets: [halfway] })).toContain('initial copy is not whole yet (rows)');
    expect(noted({ targets: [{ ...halfway, state: 'snapshot' }] })).toBe('[]');
  });

  it('shows the error of a target with its code and hint', () => {
    const error = { code: 'E_TARGET_CONFLICT', message: 'row', hint: 'mend' };
    expect(assess({ ...HEALTHY, targets: [{ ...TARGET, state: 'stopped', error }] }).problems).toEqual([
      { where: 'target t', message: 'E_TARGET_CONFLICT: row', hint: 'mend' },
    ]);
  });

  it('does not take a target that was never opened for a broken one', () => {
    const set = migrated({ set: 'target', database: 't', pending: ['0000_a'] });
    expect(wrong({ migrations: [...HEALTHY.migrations, set], daemon: NO_DAEMON })).toEqual([]);
    expect(noted({ migrations: [...HEALTHY.migrations, set], daemon: NO_DAEMON })).toContain('not opened yet');
  });

  it('warns an hour before the slot is lost', () => {
    expect(noted({ slot: { ...SLOT, safeBytes: 1000, secondsLeft: 600 } })).toContain('in about 600 s');
    expect(noted({ slot: { ...SLOT, safeBytes: 1000, secondsLeft: 6_000 } })).toBe('[]');
  });
});
