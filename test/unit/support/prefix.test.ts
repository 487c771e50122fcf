import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkTruth, judge, type LogEntry, type Observation, type Truth } from '../../support/workload/prefix.ts';

/** 300 commits of three writers, a ticket in every second one, and a migration now and then. */
function history(): Truth {
  const order: LogEntry[] = [];
  const next = [1, 1, 1, 1];
  let tickets = 0;
  for (let i = 0; i < 300; i++) {
    const writer = i % 25 === 24 ? 0 : 1 + ((i * 7) % 3);
    const ticket = writer !== 0 && i % 2 === 0 ? ++tickets : null;
    const n = next[writer] ?? 1;
    next[writer] = n + 1;
    order.push({ writer, n, ticket, digest: ticket === null ? null : `digest ${ticket}` });
  }
  const schemas = new Map(Array.from({ length: 20 }, (_, i) => [i, `schema ${i}`]));
  return { order, schemas };
}

const truth = history();

/** What a reader sees of exactly these entries, in a database that is right in all else. */
function see(entries: readonly LogEntry[]): Observation {
  const writers = new Map<number, { count: number; latest: number }>();
  for (const { writer, n } of entries) {
    const before = writers.get(writer) ?? { count: 0, latest: 0 };
    writers.set(writer, { count: before.count + 1, latest: Math.max(before.latest, n) });
  }
  const drawn = entries.filter(({ ticket }) => ticket !== null);
  const migrations = writers.get(0)?.count ?? 0;
  return {
    writers,
    history: entries.length - migrations,
    unbalanced: 0,
    ticket: drawn.length,
    digest: drawn.at(-1)?.digest ?? '',
    tickets: drawn.length,
    schema: `schema ${migrations}`,
  };
}

describe('the judge of prefixes', () => {
  it('takes every prefix of the commit order', () => {
    expect(checkTruth(truth)).toEqual([]);
    for (let k = 0; k <= truth.order.length; k++) expect(judge(truth, see(truth.order.slice(0, k)))).toEqual([]);
  });

  it('refuses a commit that is missing before others that are there', () => {
    const gap = fc
      .integer({ min: 2, max: 300 })
      .chain((k) => fc.tuple(fc.constant(k), fc.integer({ min: 0, max: k - 2 })));
    fc.assert(
      fc.property(gap, ([k, missing]) => {
        const entries = truth.order.slice(0, k).filter((_, i) => i !== missing);
        expect(judge(truth, see(entries))).not.toEqual([]);
      }),
    );
  });

  it('refuses each writer’s own prefix where the writers do not fit together', () => {
    const last = truth.order[149];
    const later = truth.order.slice(150).find(({ writer }) => writer !== last?.writer && writer !== 0);
    const torn = [...truth.order.slice(0, 149), ...(later === undefined ? [] : [later])];
    expect(judge(truth, see(torn))).not.toEqual([]);
  });

  it('refuses a commit that is there twice', () => {
    const twice = [...truth.order.slice(0, 100), ...truth.order.slice(99, 100)];
    expect(judge(truth, see(twice))).not.toEqual([]);
  });

  const whole = see(truth.order.slice(0, 150));
  it.each<[string, Partial<Observation>]>([
    ['a row of history too many', { history: whole.history + 1 }],
    ['a row of history too few', { history: whole.history - 1 }],
    ['a balance that is not the sum of its history', { unbalanced: 1 }],
    ['the schema of the migration before', { schema: 'schema 5' }],
    ['the schema of the migration after', { schema: 'schema 7' }],
    ['a ticket that its log does not hold', { ticket: whole.ticket + 1 }],
    ['a log with a ticket that was not drawn', { tickets: whole.tickets + 1 }],
    ['the digest of another ticket', { digest: 'digest 3' }],
  ])('refuses %s', (_, change) => {
    expect(judge(truth, { ...whole, ...change })).toHaveLength(1);
  });

  it('refuses more than the source ever committed', () => {
    const writers = new Map(see(truth.order).writers).set(1, { count: 500, latest: 500 });
    expect(judge(truth, { ...see(truth.order), writers })).not.toEqual([]);
  });

  it('refuses to judge by a log that contradicts itself', () => {
    const [first, second, ...rest] = truth.order;
    if (first === undefined || second === undefined) throw new Error('the history is empty');
    expect(checkTruth({ ...truth, order: [second, ...rest] })).not.toEqual([]);
    expect(
      checkTruth({ ...truth, order: truth.order.map((e) => ({ ...e, ticket: e.ticket === 7 ? 8 : e.ticket })) }),
    ).not.toEqual([]);
    expect(checkTruth({ ...truth, schemas: new Map() })).not.toEqual([]);
  });
});
