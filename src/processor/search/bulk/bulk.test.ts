import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GrowingBuffer } from '../../../postgres/growing-buffer.ts';
import { Bulk, hashOf } from './bulk.ts';

function put(bulk: Bulk, target: number, name: string, text: string | null, hash?: number): void {
  const id = new GrowingBuffer(8);
  id.text(name);
  const start = bulk.body.length;
  bulk.body.text(`<${target} ${name}>\n`);
  const document = bulk.body.length;
  if (text !== null) bulk.body.text(`${text}\n`);
  bulk.add(start, document, target, id, hash ?? hashOf(id), BigInt(text?.length ?? 0));
}

function lines(bulk: Bulk, most = 1e9): { readonly text: string; readonly operations: readonly number[] } {
  const operations: number[] = [];
  const text = bulk.part(most, (operation) => operations.push(operation)).toString();
  return { text, operations };
}

describe('a bulk', () => {
  it('holds the last operation of each key, in the order of those', () => {
    const bulk = new Bulk();
    put(bulk, 0, 'a', '1');
    put(bulk, 0, 'b', '2');
    put(bulk, 1, 'a', '3');
    put(bulk, 0, 'a', null);
    expect(lines(bulk).text).toBe('<0 b>\n2\n<1 a>\n3\n<0 a>\n');
    expect(bulk.live).toBe(3);
  });

  it('gives parts of a size, but never less than one operation', () => {
    const bulk = new Bulk();
    put(bulk, 0, 'long', 'x'.repeat(100));
    put(bulk, 0, 'b', '1');
    put(bulk, 0, 'c', '2');
    const first = lines(bulk, 20);
    expect(first.operations).toEqual([0]);
    bulk.done(0);
    const second = lines(bulk, 20);
    expect(second).toEqual({ text: '<0 b>\n1\n<0 c>\n2\n', operations: [1, 2] });
    bulk.done(2);
    expect(lines(bulk, 20).operations).toEqual([1]);
    expect(bulk.view(1)).toMatchObject({ id: 'b', document: Buffer.from('1'), target: 0, version: 1n });
  });

  it('tells keys apart whose hashes are the same', () => {
    const bulk = new Bulk();
    for (const name of ['a', 'b', 'c']) put(bulk, 0, name, name, 7);
    put(bulk, 0, 'b', 'B', 7);
    expect(lines(bulk).text).toBe('<0 a>\na\n<0 c>\nc\n<0 b>\nB\n');
  });

  it('meets another one by a key that both have still to carry out', () => {
    const [one, other] = [new Bulk(), new Bulk()];
    put(one, 0, 'a', '1');
    put(other, 0, 'b', '1');
    put(other, 1, 'a', '1');
    expect(one.sharesKeyWith(other)).toBe(false);
    put(other, 0, 'a', '1');
    expect(one.sharesKeyWith(other)).toBe(true);
    other.done(2);
    expect(one.sharesKeyWith(other)).toBe(false);
  });

  it('is as a map of the last operations, whatever comes', () => {
    const operation = fc.record({
      target: fc.integer({ min: 0, max: 2 }),
      name: fc.oneof(fc.string({ maxLength: 3, unit: 'grapheme' }), fc.integer({ min: 0, max: 400 }).map(String)),
      text: fc.option(fc.string({ maxLength: 20 }), { freq: 4 }),
    });
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 1500, size: 'max' }), (operations) => {
        const bulk = new Bulk();
        const expected = new Map<string, string>();
        for (const { target, name, text } of operations) {
          put(bulk, target, name, text);
          const key = `<${target} ${name}>\n`;
          expected.delete(key);
          expected.set(key, text === null ? '' : `${text}\n`);
        }
        expect(lines(bulk).text).toBe([...expected].flat().join(''));
        bulk.clear(1e6);
        expect([bulk.live, lines(bulk).text]).toEqual([0, '']);
      }),
      { seed: 9, numRuns: 30 },
    );
  });
});
