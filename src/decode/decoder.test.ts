import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as wire from '../../test/support/wire.ts';
import { UNCHANGED, type WireOld, type WireValue } from '../../test/support/wire.ts';
import { asRead, TABLE, table, WireReader, XID } from '../../test/support/wire-reader.ts';
import { TextNeeded } from '../errors/text-needed.ts';
import type { DdlEvent } from '../wal/ddl-event.ts';
import { EVENT, type EventBatch } from '../wal/event-batch.ts';
import { lsn } from '../wal/lsn.ts';
import { BATCH_BYTES, BATCH_EVENTS, BATCH_FIELDS } from './batch-pool.ts';
import { Decoder } from './decoder.ts';

const SEED = 20_240_617;

const left = [fc.constant(null), fc.constant(UNCHANGED)] as const;
const textValue: fc.Arbitrary<WireValue> = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constant(''),
  ...left,
);
const binaryValue: fc.Arbitrary<WireValue> = fc.oneof(
  fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
  ...left,
);

interface WireRow {
  readonly kind: number;
  readonly old: WireOld | null;
  readonly after: readonly WireValue[] | null;
}

function row(count: number, binary = false): fc.Arbitrary<WireRow> {
  const tuple = fc.array(binary ? binaryValue : textValue, { minLength: count, maxLength: count });
  const old = fc.record({ kind: fc.constantFrom('K' as const, 'O' as const), values: tuple });
  return fc.oneof(
    fc.record({ kind: fc.constant(EVENT.insert), old: fc.constant(null), after: tuple }),
    fc.record({ kind: fc.constant(EVENT.update), old: fc.option(old), after: tuple }),
    fc.record({ kind: fc.constant(EVENT.delete), old, after: fc.constant(null) }),
  );
}

function toWire({ kind, old, after }: WireRow, oid = TABLE): Buffer {
  if (kind === EVENT.insert) return wire.insert(oid, after ?? []);
  if (kind === EVENT.update) return wire.update(oid, old, after ?? []);
  return wire.remove(oid, old ?? { kind: 'K', values: [] });
}

describe('decoding of each message', () => {
  it('keeps begin and commit to the bit, xids above 2³¹ and times before 2000 included', () => {
    const [begun, done] = new WireReader()
      .feed(wire.begin(0xffff_ffff_0000_0001n, XID, -5n), wire.commit(0x1_0000_0000n, 0xffff_ffff_ffff_fff0n, 7n))
      .seal();
    expect(begun).toMatchObject({
      kind: EVENT.begin,
      object: { commitLsn: 0xffff_ffff_0000_0001n, xid: XID, commitTime: -5n },
    });
    expect(done).toMatchObject({
      kind: EVENT.commit,
      object: { commitLsn: 0x1_0000_0000n, endLsn: 0xffff_ffff_ffff_fff0n, commitTime: 7n },
    });
  });

  it('keeps a relation with the names of its types, and completes an empty schema', () => {
    const reader = new WireReader().feed(
      wire.begin(1n, 1),
      wire.type(4_294_967_295, '', 'mood'),
      wire.relation({
        oid: TABLE,
        schema: '',
        name: 'ünï"x',
        identity: 'f',
        columns: [
          { name: 'a', type: 4_294_967_295, typmod: 12, key: true },
          { name: '', type: 23 },
        ],
      }),
    );
    expect(reader.seal()[1]).toMatchObject({
      kind: EVENT.relation,
      object: {
        oid: TABLE,
        schema: 'pg_catalog',
        name: 'ünï"x',
        replicaIdentity: 'f',
        columns: [
          {
            name: 'a',
            typeOid: 4_294_967_295,
            typmod: 12,
            key: true,
            typeName: { schema: 'pg_catalog', name: 'mood' },
          },
          { name: '', typeOid: 23, typmod: -1, key: false },
        ],
      },
    });
  });

  it('keeps truncate with its flags, and passes over origins', () => {
    const reader = new WireReader().feed(
      wire.begin(1n, 1),
      wire.origin(5n, 'elsewhere'),
      table(1, 7),
      table(1, 8),
      wire.truncate([8, 7], 3),
      wire.truncate([7]),
    );
    const truncates = reader.seal().filter(({ kind }) => kind === EVENT.truncate);
    expect(truncates).toMatchObject([
      { object: { relations: [{ oid: 8 }, { oid: 7 }], cascade: true, restartIdentity: true } },
      { object: { relations: [{ oid: 7 }], cascade: false, restartIdentity: false } },
    ]);
  });

  it.each([
    [0, false],
    [1, false],
    [3, false],
    [1600, false],
    [3, true],
    [1600, true],
  ])('brings every row of %i columns back as it was, in binary form: %s', (count, binary) => {
    fc.assert(
      fc.property(fc.array(row(count, binary), { minLength: 1, maxLength: count > 100 ? 2 : 30 }), (rows) => {
        const reader = new WireReader({ binary }).feed(
          wire.begin(1n, XID),
          table(count),
          ...rows.map((each) => toWire(each)),
        );
        expect(reader.rows()).toEqual(
          rows.map(({ kind, old, after }, i) => ({
            kind,
            oid: TABLE,
            lsn: BigInt(i + 2),
            old: old === null ? null : asRead(old.values),
            full: old?.kind === 'O',
            after: after === null ? null : asRead(after),
          })),
        );
      }),
      { seed: SEED, numRuns: count > 100 ? 3 : 60 },
    );
  });

  it('goes over to text at the first table that has no binary form, and at no other', () => {
    const withType = (type: number): Buffer =>
      wire.relation({ oid: TABLE, schema: 'public', name: 't', columns: [{ name: 'c', type }] });
    for (const type of [23, 25, 1700, 3802]) {
      expect(new WireReader({ binary: true }).feed(wire.begin(1n, 1), withType(type)).seal()[1]).toMatchObject({
        object: { binary: true },
      });
    }
    for (const type of [1007, 16400, 26, 142, 790, 1186, 869, 2205]) {
      const reader = new WireReader({ binary: true }).feed(wire.begin(1n, 1));
      expect(() => reader.feed(withType(type))).toThrow(TextNeeded);
      expect(new WireReader().feed(wire.begin(1n, 1), withType(type)).seal()[1]).not.toHaveProperty('object.binary');
    }
  });

  it('counts rows in binary form, and those only', () => {
    const rows = [wire.insert(TABLE, [Buffer.from('a')]), wire.insert(TABLE, [null])];
    expect(new WireReader({ binary: true }).feed(wire.begin(1n, 1), table(1), ...rows).decoder.binaryRows).toBe(2);
    expect(new WireReader().feed(wire.begin(1n, 1), table(1), wire.insert(TABLE, ['a'])).decoder.binaryRows).toBe(0);
  });

  it('keeps the position of a row above 4 GB of WAL', () => {
    const reader = new WireReader().feed(wire.begin(1n, 1), table(0));
    reader.decoder.append(wire.xlogData(0xfedc_ba98_7654_3210n, wire.insert(TABLE, [])));
    expect(reader.rows()[0]?.lsn).toBe(0xfedc_ba98_7654_3210n);
  });

  it('takes the new shape of a relation from the next row on', () => {
    const reader = new WireReader().feed(
      wire.begin(1n, 1),
      table(1),
      wire.insert(TABLE, ['a']),
      table(2),
      wire.insert(TABLE, ['b', 'c']),
    );
    expect(reader.rows().map(({ after }) => after)).toEqual([['a'], ['b', 'c']]);
    expect(() => reader.feed(wire.insert(TABLE, ['d']))).toThrow(/columns/);
  });

  it('tells consecutive rows of two relations apart', () => {
    const reader = new WireReader().feed(wire.begin(1n, 1), table(1, 7), table(2, 8));
    for (let i = 0; i < 4; i++) reader.feed(wire.insert(7, ['a']), wire.insert(8, ['b', 'c']));
    expect(reader.rows().map(({ oid, after }) => [oid, after?.length])).toEqual(
      Array(4)
        .fill([
          [7, 1],
          [8, 2],
        ])
        .flat(),
    );
  });
});

describe('what is left out', () => {
  it('drops relations, rows and truncates of schema walcast, and nothing else', () => {
    const reader = new WireReader().feed(
      wire.begin(1n, 1),
      table(1, 7, 'walcast'),
      table(1, 8, 'walcast2'),
      wire.insert(7, ['secret']),
      wire.remove(7, { kind: 'K', values: ['secret'] }),
      wire.truncate([7]),
      wire.truncate([7, 8]),
      wire.insert(8, ['x']),
      wire.commit(1n, 2n),
    );
    expect(reader.seal().map(({ kind }) => kind)).toEqual([
      EVENT.begin,
      EVENT.relation,
      EVENT.truncate,
      EVENT.insert,
      EVENT.commit,
    ]);
  });

  it('asks only for transactional messages inside a transaction, and keeps only what is an event', () => {
    const event = { kind: 'rows', v: 1 } as DdlEvent;
    const reader = new WireReader({ message: (prefix) => (prefix === 'walcast' ? event : null) }).feed(
      wire.message('walcast', Buffer.from('before'), false),
      wire.begin(1n, XID),
      wire.message('walcast', Buffer.from('loose'), false),
      wire.message('foreign', Buffer.from('other')),
      wire.message('walcast', Buffer.from('ours')),
      wire.commit(1n, 2n),
    );
    expect(reader.seal().map(({ kind }) => kind)).toEqual([EVENT.begin, EVENT.ddl, EVENT.commit]);
    expect(reader.messages.map(({ content, transaction }) => [content.toString(), transaction])).toEqual([
      ['other', XID],
      ['ours', XID],
    ]);
  });

  it('gives content out as a copy that later bytes do not change', () => {
    const reader = new WireReader();
    reader.feed(
      wire.begin(1n, 1),
      wire.message('walcast', Buffer.from('A')),
      wire.message('walcast', Buffer.from('B')),
    );
    expect(reader.messages.map(({ content }) => content.toString())).toEqual(['A', 'B']);
  });

  it('takes an idle position between transactions only', () => {
    const reader = new WireReader();
    reader.decoder.idle(lsn(5n));
    reader.feed(wire.begin(1n, 1));
    reader.decoder.idle(lsn(6n));
    reader.feed(wire.commit(1n, 2n));
    reader.decoder.idle(lsn(7n));
    expect(reader.seal().flatMap((e) => ('object' in e && 'position' in e.object ? [e.object.position] : []))).toEqual([
      5n,
      7n,
    ]);
  });
});

describe('batches', () => {
  const inserted = (reader: WireReader): (WireValue | undefined)[] => reader.rows().map(({ after }) => after?.[0]);

  it('end where their bytes are full, and nothing is lost or doubled there', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: BATCH_BYTES + 50_000 }), { minLength: 1, maxLength: 12 }),
        (sizes) => {
          const values = sizes.map((size, i) => String.fromCharCode(97 + i).repeat(size));
          const reader = new WireReader().feed(
            wire.begin(1n, 1),
            table(1),
            ...values.map((v) => wire.insert(TABLE, [v])),
          );
          const read = inserted(reader);
          expect(read.length).toBe(values.length);
          for (const [i, each] of read.entries()) expect(each === values[i]).toBe(true);
        },
      ),
      { seed: SEED, numRuns: 15 },
    );
  });

  it.each([-1, 0, 1])('hold a message of their own size %i bytes off a full one', (more) => {
    const overhead = wire.insert(TABLE, ['']).length;
    const big = 'x'.repeat(BATCH_BYTES - overhead + more);
    const reader = new WireReader().feed(
      wire.begin(1n, 1),
      table(1),
      wire.insert(TABLE, ['a']),
      wire.insert(TABLE, [big]),
    );
    reader.feed(wire.insert(TABLE, ['b']));
    expect(inserted(reader).map((each) => String(each).length)).toEqual([1, big.length, 1]);
  });

  it('end where their events are full', () => {
    const reader = new WireReader().feed(wire.begin(1n, 1), table(0));
    for (let i = 0; i < 2 * BATCH_EVENTS; i++) reader.feed(wire.insert(TABLE, []));
    expect(reader.rows().length).toBe(2 * BATCH_EVENTS);
    expect(Math.max(...reader.sizes)).toBeLessThanOrEqual(BATCH_EVENTS);
  });

  it('end where their fields are full, with old and new tuple of the widest table', () => {
    const wide = Array.from({ length: 1600 }, (_, i) => (i % 2 === 0 ? null : 'v'));
    const count = Math.ceil((3 * BATCH_FIELDS) / 3200);
    const reader = new WireReader().feed(wire.begin(1n, 1), table(1600));
    for (let i = 0; i < count; i++) reader.feed(wire.update(TABLE, { kind: 'O', values: wide }, wide));
    const rows = reader.rows();
    expect(rows.length).toBe(count);
    expect(
      rows.every(
        ({ old, after }) =>
          JSON.stringify(old) === JSON.stringify(wide) && JSON.stringify(after) === JSON.stringify(wide),
      ),
    ).toBe(true);
  });

  it('hold more fields than any standard batch', () => {
    const values = Array<WireValue>(40_000).fill('v');
    const reader = new WireReader().feed(wire.begin(1n, 1), table(40_000), wire.insert(TABLE, values));
    expect(reader.rows()[0]?.after).toEqual(values);
  });

  it('that are reused show nothing of what they held before', () => {
    const reader = new WireReader().feed(wire.begin(1n, 1), table(2));
    reader.feed(wire.update(TABLE, { kind: 'O', values: ['old', 'old'] }, ['secret', 'secret'])).seal();
    reader.feed(wire.insert(TABLE, [null, ''])).seal();
    reader.feed(wire.update(TABLE, null, [UNCHANGED, null])).seal();
    reader.feed(wire.remove(TABLE, { kind: 'K', values: ['k', null] })).seal();
    reader.feed(wire.commit(1n, 2n)).seal();
    expect(reader.rows().map(({ old, after, full }) => [old, after, full])).toEqual([
      [['old', 'old'], ['secret', 'secret'], true],
      [null, [null, ''], false],
      [null, [UNCHANGED, null], false],
      [['k', null], null, false],
    ]);
    expect(reader.events.length).toBe(7);
  });

  it('of one large message are used again one after the other, but not while somebody holds them', () => {
    const held: EventBatch[] = [];
    const decoder = new Decoder({ batch: (batch) => held.push(batch), message: () => null });
    const feed = (message: Buffer): void => decoder.append(wire.xlogData(0n, message));
    const large = (letter: string): Buffer => wire.insert(TABLE, [letter.repeat(2 * BATCH_BYTES)]);
    feed(wire.begin(1n, 1));
    feed(table(1));
    for (const letter of ['a', 'b']) feed(large(letter));
    const [, a, b] = held;
    expect(a).not.toBe(b);
    a?.release();
    feed(wire.insert(TABLE, ['x'.repeat(BATCH_BYTES)]));
    expect(held[3]).toBe(a);
    expect(a?.text(a.newAt[0] as number, 0)).toBe('x'.repeat(BATCH_BYTES));
    expect(b?.text(b.newAt[0] as number, 0)).toBe('b'.repeat(2 * BATCH_BYTES));
  });

  it('are given out while somebody still holds the ones before', () => {
    const held: EventBatch[] = [];
    const decoder = new Decoder({ batch: (batch) => held.push(batch), message: () => null });
    decoder.append(wire.xlogData(0n, wire.begin(1n, 1)));
    decoder.append(wire.xlogData(0n, table(1)));
    for (const text of ['a', 'b', 'c']) {
      decoder.append(wire.xlogData(0n, wire.insert(TABLE, [text])));
      decoder.seal();
      held.at(-1)?.retain().release(); // one holder comes and goes, the other stays
    }
    expect(new Set(held).size).toBe(3);
    expect(held.map((batch) => batch.text(batch.newAt[batch.count - 1] as number, 0))).toEqual(['a', 'b', 'c']);
  });

  it('count what large messages take: a batch of them stays near its size', () => {
    const event = { kind: 'ddl', v: 1 } as DdlEvent;
    const reader = new WireReader({ message: () => event }).feed(wire.begin(1n, 1));
    const content = Buffer.alloc(100_000, 'x');
    for (let i = 0; i < 100; i++) reader.feed(wire.message('walcast', content));
    reader.seal();
    expect(Math.max(...reader.sizes)).toBeLessThanOrEqual(4);
  });
});
