import { describe, expect, test } from 'vitest';
import { formsOf } from '../support/histories/forms/all-forms.ts';
import { runHistories } from '../support/histories/run-histories.ts';
import { Tally } from '../support/histories/tally.ts';
import { WRAPPERS } from '../support/histories/wrappers.ts';
import { sampledMajors, testMajors } from '../support/majors.ts';

const NIGHTLY = process.env['WALCAST_NIGHTLY'] === '1';
const NIGHTLY_HISTORIES = 10_000;
/** Of a history: they hold about 60 statements. */
const TRANSACTIONS = 18;
/** As few as bring each form on each version. */
const SAMPLE = 24;
/** Of each version that the default run only touches. */
const TOUCHES = 4;

const majors = testMajors();
const count = Number(
  process.env['WALCAST_HISTORIES'] ?? (NIGHTLY ? Math.ceil(NIGHTLY_HISTORIES / majors.length) : SAMPLE),
);
/** Other ones every night; told with a failure, so that `WALCAST_HISTORIES_SEED` runs them again. */
const first = Number(
  process.env['WALCAST_HISTORIES_SEED'] ?? (NIGHTLY ? Math.floor(Date.now() / 86_400_000) * NIGHTLY_HISTORIES : 1),
);

const seen = new Set<string>();

const formsFor = (major: number): string[] => [...formsOf(major), ...WRAPPERS].map(({ name }) => name);

describe.each(majors)('random histories on PostgreSQL %i', (major) => {
  test('leave equal databases', { timeout: 120_000 + count * 10_000 }, async () => {
    const tally = new Tally();
    const seeds = Array.from({ length: count }, (_, i) => first + majors.indexOf(major) * NIGHTLY_HISTORIES + i);
    await runHistories({ major, seeds, transactions: TRANSACTIONS, tally, batch: 8, shrinkMs: 180_000 });
    const refusals = [...tally.refusals.values()].join('\n');
    expect(tally.share, `refused, among others: ${refusals}`).toBeGreaterThan(0.85);
    for (const name of tally.seen) seen.add(name);
    if (count < SAMPLE) return;
    // by chance a few of one version's are left to the others
    const missing = formsFor(major).filter((name) => !tally.seen.includes(name));
    expect(missing.length, missing.join(', ')).toBeLessThan(formsFor(major).length / 10);
  });
});

describe.each(sampledMajors())('a few random histories on PostgreSQL %i', (major) => {
  test('leave equal databases', { timeout: 120_000 }, async () => {
    const tally = new Tally();
    const seeds = Array.from({ length: TOUCHES }, (_, i) => first + major * NIGHTLY_HISTORIES + i);
    await runHistories({ major, seeds, transactions: TRANSACTIONS, tally, batch: TOUCHES, shrinkMs: 60_000 });
    expect(tally.seen.length).toBeGreaterThan(formsFor(major).length / 4);
  });
});

test.runIf(majors.length > 1 && count >= SAMPLE)('random histories bring statements of every form', () => {
  expect(formsFor(Math.max(...majors)).filter((name) => !seen.has(name))).toEqual([]);
});
