import { describe, expect, it } from 'vitest';
import { compareCatalogs } from './compare-catalogs.ts';
import { dumpEntries } from './compare-dumps.ts';
import { compareRows } from './compare-rows.ts';
import { seenDdl } from './daemon-process.ts';
import { planSteps } from './plan.ts';
import { SHOP_MIGRATIONS } from './shop-migrations.ts';
import { pickTransaction } from './shop-work.ts';
import { Rate, Samples, seededRandom } from './timing.ts';

describe('the plan', () => {
  it('kills both while migrations are still to come, and ends before the writes do', () => {
    const steps = planSteps(40, SHOP_MIGRATIONS.length);
    const times = steps.map(({ at }) => at);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(times.at(-1)).toBeLessThan(40);
    const kinds = steps.map((step) => (step.kind === 'kill' ? step.what : step.kind));
    expect(kinds.indexOf('daemon')).toBeGreaterThan(3);
    expect(kinds.indexOf('target')).toBeGreaterThan(kinds.indexOf('daemon'));
    expect(kinds.at(-1)).toBe('migration');
    expect(steps.filter(({ kind }) => kind === 'migration').map((step) => 'index' in step && step.index)).toEqual(
      SHOP_MIGRATIONS.map((_, index) => index),
    );
  });

  it('has the migrations of a real team, of every way to send them', () => {
    expect(SHOP_MIGRATIONS.length).toBeGreaterThanOrEqual(25);
    expect(new Set(SHOP_MIGRATIONS.map(({ sent }) => sent))).toEqual(new Set(['single', 'script', 'transaction']));
  });
});

describe('the comparison', () => {
  it('finds rows that are missing, and rows that are others', () => {
    const left = new Map([
      ['a', { count: 2, sum: '1' }],
      ['b', { count: 2, sum: '1' }],
      ['c', { count: 1, sum: '1' }],
    ]);
    const right = new Map([
      ['a', { count: 2, sum: '1' }],
      ['b', { count: 2, sum: '2' }],
      ['d', { count: 1, sum: '1' }],
    ]);
    expect(compareRows(left, left)).toEqual([]);
    expect(compareRows(left, right)).toEqual([
      'b: 2 rows on the source, 2 rows on the target, but not the same',
      'c: 1 rows on the source, no such table on the target',
      'd: no such table on the source, 1 rows on the target',
    ]);
  });

  it('finds objects of one side and objects that differ', () => {
    const source = new Map([
      ['table a', 'x'],
      ['table b', 'x'],
    ]);
    expect(compareCatalogs(source, source)).toEqual([]);
    expect(compareCatalogs(source, new Map([['table a', 'y']]))).toEqual([
      'table a:\n  - x\n  + y',
      'table b: only on the source',
    ]);
  });

  it('reads dumps object by object, whatever their order, without the triggers of walcast and random words', () => {
    const entry = (name: string, type: string, body: string): string =>
      `--\n-- Name: ${name}; Type: ${type}; Schema: public; Owner: shop\n--\n\n${body}\n\n`;
    const one = entry('a', 'TABLE', 'CREATE TABLE a ();');
    const two = entry('b', 'TABLE', 'CREATE TABLE b ();');
    const ours = entry('walcast_1', 'EVENT TRIGGER', 'CREATE EVENT TRIGGER walcast_1 EXECUTE FUNCTION walcast.emit();');
    const source = dumpEntries(`\\restrict abc\n${one}${two}${ours}\\unrestrict abc\n`);
    const target = dumpEntries(`\\restrict xyz\n${two}SET default_tablespace = '';\n\n${one}\\unrestrict xyz\n`);
    expect(compareCatalogs(source, target)).toEqual([]);
    expect(source.size).toBe(2);
    expect(compareCatalogs(source, dumpEntries(one + two.replace('b ()', 'b (c int)')))).toHaveLength(1);
  });
});

describe('the measures', () => {
  it('gives the least value that the share does not exceed', () => {
    const samples = new Samples(100);
    expect(samples.percentile(0.5)).toBeNull();
    for (let value = 1; value <= 100; value++) samples.add(value);
    expect(samples.percentile(0.5)).toBe(50);
    expect(samples.percentile(0.99)).toBe(99);
    expect(samples.percentile(1)).toBe(100);
    samples.add(1_000);
    expect(samples).toMatchObject({ count: 101, worst: 1_000 });
  });

  it('gives the growth of a total a second', () => {
    const rate = new Rate(2_000);
    expect(rate.perSecond(0, 0)).toBe(0);
    expect(rate.perSecond(100, 1_000)).toBe(100);
    expect(rate.perSecond(100, 5_000)).toBeCloseTo(0);
  });

  it('picks the same transactions for the same seed, and all kinds of them', () => {
    const pick = (seed: number) => {
      const random = seededRandom(seed);
      return Array.from({ length: 500 }, () => pickTransaction(random));
    };
    expect(pick(1)).toEqual(pick(1));
    expect(pick(1)).not.toEqual(pick(2));
    expect(new Set(pick(1)).size).toBe(12);
  });

  it('knows the line of the log that reports a schema change', () => {
    const line = { level: 'info', tag: 'ALTER TABLE', how: 'verbatim', ms: 3, msg: 'alter table t add c int' };
    expect(seenDdl(JSON.stringify(line))).toEqual({
      tag: 'ALTER TABLE',
      how: 'verbatim',
      milliseconds: 3,
      statement: 'alter table t add c int',
    });
    expect(seenDdl('{"msg":"streaming"}')).toBeNull();
    expect(seenDdl('not JSON')).toBeNull();
  });
});
