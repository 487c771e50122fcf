import { describe, expect, it } from 'vitest';
import { Metrics } from './metrics.ts';

async function valueOf(metrics: Metrics, line: string): Promise<string | undefined> {
  const found = (await metrics.text()).split('\n').find((each) => each.startsWith(`${line} `));
  return found?.slice(line.length + 1);
}

describe('Metrics', () => {
  it('labels everything with the pipeline', async () => {
    const metrics = new Metrics({ pipeline: 'main', process: false });
    metrics.lag('replica', { bytes: 12, seconds: 0.5 });
    expect(await valueOf(metrics, 'walcast_lag_bytes{target="replica",pipeline="main"}')).toBe('12');
    expect(await valueOf(metrics, 'walcast_lag_seconds{target="replica",pipeline="main"}')).toBe('0.5');
  });

  it('counts growth of running totals, also over a restart of the target', async () => {
    const metrics = new Metrics({ pipeline: 'p', process: false });
    metrics.applied('t', { rows: 10, transactions: 2, ddl: 0 });
    metrics.applied('t', { rows: 15, transactions: 3, ddl: 1 });
    metrics.applied('t', { rows: 4, transactions: 1, ddl: 0 });
    expect(await valueOf(metrics, 'walcast_applied_rows_total{target="t",pipeline="p"}')).toBe('19');
    expect(await valueOf(metrics, 'walcast_applied_transactions_total{target="t",pipeline="p"}')).toBe('4');
    expect(await valueOf(metrics, 'walcast_applied_ddl_total{target="t",pipeline="p"}')).toBe('1');
  });

  it('shows exactly one state of a target', async () => {
    const metrics = new Metrics({ pipeline: 'p', process: false });
    metrics.targetState('t', 'streaming');
    metrics.targetState('t', 'stopped');
    expect(await valueOf(metrics, 'walcast_target_state{target="t",state="stopped",pipeline="p"}')).toBe('1');
    expect(await valueOf(metrics, 'walcast_target_state{target="t",state="streaming",pipeline="p"}')).toBe('0');
  });

  it('shows how far an initial copy is, and counts on when it starts over', async () => {
    const metrics = new Metrics({ pipeline: 'p', process: false });
    const numbers = {
      phase: 'rows',
      size: 100,
      sizeDone: 40,
      bytesMoved: 70,
      rowsMoved: 7,
      tableCounts: { waiting: 1, copied: 2 },
      paused: null,
    } as const;
    metrics.snapshot('t', numbers);
    metrics.snapshot('t', { ...numbers, phase: 'post-data', bytesMoved: 90, paused: 'why' });
    metrics.snapshot('t', { ...numbers, phase: 'post-data', bytesMoved: 5, rowsMoved: 1, paused: 'why' });
    const of = (name: string, labels = ''): Promise<string | undefined> =>
      valueOf(metrics, `walcast_snapshot_${name}{target="t",${labels}pipeline="p"}`);
    expect(await of('phase', 'phase="rows",')).toBe('0');
    expect(await of('phase', 'phase="post-data",')).toBe('1');
    expect(await of('size_bytes')).toBe('100');
    expect(await of('done_bytes')).toBe('40');
    expect(await of('bytes_copied_total')).toBe('95');
    expect(await of('rows_copied_total')).toBe('8');
    expect(await of('tables', 'state="copied",')).toBe('2');
    expect(await of('paused')).toBe('1');
  });

  it('has every metric of the slot, the stream and the failures', async () => {
    const metrics = new Metrics({ pipeline: 'p', process: false });
    metrics.checkpoint('t', 0x1_0000_0010n);
    metrics.slot({ retainedBytes: 7, confirmed: 9n });
    metrics.forgedMessages(2);
    metrics.streamBytes(100);
    metrics.reconnect('source');
    metrics.applyError('t', 'E_TARGET_APPLY');
    expect(await valueOf(metrics, 'walcast_checkpoint_lsn_bytes{target="t",pipeline="p"}')).toBe('4294967312');
    expect(await valueOf(metrics, 'walcast_slot_retained_bytes{pipeline="p"}')).toBe('7');
    expect(await valueOf(metrics, 'walcast_slot_confirmed_lsn_bytes{pipeline="p"}')).toBe('9');
    expect(await valueOf(metrics, 'walcast_forged_messages_total{pipeline="p"}')).toBe('2');
    expect(await valueOf(metrics, 'walcast_stream_bytes_total{pipeline="p"}')).toBe('100');
    expect(await valueOf(metrics, 'walcast_reconnects_total{peer="source",pipeline="p"}')).toBe('1');
    expect(await valueOf(metrics, 'walcast_apply_errors_total{target="t",code="E_TARGET_APPLY",pipeline="p"}')).toBe(
      '1',
    );
  });

  it('collects on each scrape', async () => {
    const metrics = new Metrics({ pipeline: 'p', process: false });
    let scrapes = 0;
    metrics.onScrape(() => metrics.streamBytes(++scrapes));
    await metrics.text();
    expect(await valueOf(metrics, 'walcast_stream_bytes_total{pipeline="p"}')).toBe('3');
  });

  it('adds metrics of the process unless told not to', async () => {
    expect(await new Metrics({ pipeline: 'p' }).text()).toContain('process_resident_memory_bytes');
    expect(await new Metrics({ pipeline: 'p', process: false }).text()).not.toContain('process_resident_memory_bytes');
  });
});
