import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as wire from '../../test/support/wire.ts';
import { UNCHANGED } from '../../test/support/wire.ts';
import { columns, TABLE, table, WireReader } from '../../test/support/wire-reader.ts';
import { isWalcastError } from '../errors/walcast-error.ts';

const SEED = 20_240_618;

describe('damaged streams', () => {
  /** Whatever comes: an E_PROTOCOL error or events whose fields lie inside their batch. */
  const survives = (messages: readonly Buffer[]): void => {
    const reader = new WireReader();
    try {
      reader.feed(...messages);
    } catch (error) {
      expect(isWalcastError(error) && error.code, String(error)).toBe('E_PROTOCOL');
    }
    reader.seal();
  };

  it('random bytes are refused or harmless', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 80 }), { minLength: 1, maxLength: 5 }), (messages) =>
        survives([wire.begin(1n, 1), table(2), ...messages.map((bytes) => Buffer.from(bytes))]),
      ),
      { seed: SEED, numRuns: 2000 },
    );
  });

  it('random bytes behind each message kind are refused or harmless', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...'BCORYIUDTM'),
        fc.uint8Array({ maxLength: 60 }),
        fc.boolean(),
        (kind, bytes, open) => {
          const head = open ? [wire.begin(1n, 1), table(2)] : [];
          survives([...head, Buffer.concat([Buffer.from(kind), Buffer.from(bytes)])]);
        },
      ),
      { seed: SEED, numRuns: 3000 },
    );
  });

  const valid: [string, Buffer][] = [
    ['B', wire.begin(10n, 1)],
    ['C', wire.commit(10n, 20n)],
    ['R', wire.relation({ oid: 9, schema: 'public', name: 't', columns: columns(2) })],
    ['Y', wire.type(9, 'public', 'mood')],
    ['I', wire.insert(TABLE, ['abc', null])],
    ['U', wire.update(TABLE, { kind: 'K', values: ['abc', null] }, ['abc', UNCHANGED])],
    ['U', wire.update(TABLE, { kind: 'O', values: ['abc', ''] }, ['abc', UNCHANGED])],
    ['U', wire.update(TABLE, null, ['abc', Buffer.from([0, 1])])],
    ['D', wire.remove(TABLE, { kind: 'O', values: ['abc', 'def'] })],
    ['T', wire.truncate([TABLE], 1)],
    ['M', wire.message('walcast', Buffer.from('content'))],
  ];

  it.each(valid)('%s cut at any byte is an E_PROTOCOL error', (kind, message) => {
    for (let length = 0; length < message.length; length++) {
      const reader = new WireReader();
      if (kind !== 'B') reader.feed(wire.begin(1n, 1), table(2));
      expect(() => reader.feed(message.subarray(0, length)), `${length} of ${message.length} bytes`).toThrow(
        expect.objectContaining({ code: 'E_PROTOCOL' }) as Error,
      );
    }
  });

  it.each(valid)('%s with a byte too many is an E_PROTOCOL error', (kind, message) => {
    const reader = new WireReader();
    if (kind !== 'B') reader.feed(wire.begin(1n, 1), table(2));
    expect(() => reader.feed(Buffer.concat([message, Buffer.from([0])]))).toThrow(
      expect.objectContaining({ code: 'E_PROTOCOL' }) as Error,
    );
  });

  it.each(valid)('%s with any byte changed is refused or harmless', (kind, message) => {
    for (let at = 0; at < message.length; at++) {
      for (const byte of [0, 1, 0x4e, 0x6e, 0x74, 0x7f, 0x80, 0xff]) {
        const changed = Buffer.from(message);
        changed[at] = byte;
        survives(kind === 'B' ? [changed] : [wire.begin(1n, 1), table(2), changed]);
      }
    }
  });

  it.each([
    ['a row outside a transaction', [table(1), wire.insert(TABLE, ['a'])]],
    ['a truncate outside a transaction', [table(1), wire.truncate([TABLE])]],
    ['a commit without a begin', [wire.commit(1n, 2n)]],
    ['a begin in a transaction', [wire.begin(1n, 1), wire.begin(2n, 2)]],
    ['a commit that ends where it begins', [wire.begin(1n, 1), wire.commit(2n, 2n)]],
    ['a row of an unknown relation', [wire.begin(1n, 1), wire.insert(TABLE, ['a'])]],
    ['a truncate of an unknown relation', [wire.begin(1n, 1), wire.truncate([TABLE])]],
    ['a row with a column too few', [wire.begin(1n, 1), table(2), wire.insert(TABLE, ['a'])]],
    [
      'a value in binary form that was not asked for',
      [wire.begin(1n, 1), table(1), wire.insert(TABLE, [Buffer.from('a')])],
    ],
    ['a row with a column too many', [wire.begin(1n, 1), table(2), wire.insert(TABLE, ['a', 'b', 'c'])]],
    ['an unknown replica identity', [wire.relation({ oid: 1, schema: 's', name: 't', identity: 'x', columns: [] })]],
    ['an unknown message', [Buffer.from('Sxxxx')]],
    ['nothing', [Buffer.alloc(0)]],
  ])('%s is an E_PROTOCOL error', (_, messages) => {
    expect(() => new WireReader().feed(...messages)).toThrow(expect.objectContaining({ code: 'E_PROTOCOL' }) as Error);
  });
});
