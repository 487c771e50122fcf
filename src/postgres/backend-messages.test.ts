import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BackendFramer, readColumnNames, readDataRow, readErrorFields, readTagCount } from './backend-messages.ts';

const SEED = 20_240_619;

function framed(kind: string, body: Buffer): Buffer {
  const head = Buffer.from(`${kind}\0\0\0\0`);
  head.writeInt32BE(4 + body.length, 1);
  return Buffer.concat([head, body]);
}

function collect(): { framer: BackendFramer; messages: string[] } {
  const messages: string[] = [];
  const framer = new BackendFramer((kind, bytes, start, end) =>
    messages.push(`${String.fromCharCode(kind)}${bytes.toString('latin1', start, end)}`),
  );
  return { framer, messages };
}

describe('framing', () => {
  const bodies = ['', 'a', 'some text', 'x'.repeat(300)];
  const stream = Buffer.concat(bodies.map((body, i) => framed('TDCZ'[i] ?? 'Z', Buffer.from(body))));
  const expected = bodies.map((body, i) => `${'TDCZ'[i]}${body}`);

  it('finds the same messages wherever the stream is split in two', () => {
    for (let at = 0; at <= stream.length; at++) {
      const { framer, messages } = collect();
      framer.feed(Buffer.from(stream.subarray(0, at)));
      framer.feed(Buffer.from(stream.subarray(at)));
      expect(messages).toEqual(expected);
    }
  });

  it('finds the same messages byte by byte, though each piece is overwritten afterwards', () => {
    const { framer, messages } = collect();
    for (const byte of stream) {
      const piece = Buffer.from([byte]);
      framer.feed(piece);
      piece.fill(0xff);
    }
    expect(messages).toEqual(expected);
  });

  it('finds the same messages in pieces of any sizes', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(400), { maxLength: 40 }), (sizes) => {
        const { framer, messages } = collect();
        let at = 0;
        for (const size of sizes) framer.feed(stream.subarray(at, (at = Math.min(stream.length, at + size))));
        framer.feed(stream.subarray(at));
        expect(messages).toEqual(expected);
      }),
      { seed: SEED },
    );
  });

  it('takes a message of 64 MB in small pieces in linear time', () => {
    const { framer, messages } = collect();
    const body = Buffer.alloc(64 * 1024 * 1024, 'y');
    const whole = framed('D', body);
    const started = performance.now();
    for (let at = 0; at < whole.length; at += 16_384) framer.feed(whole.subarray(at, at + 16_384));
    framer.feed(framed('Z', Buffer.from('I')));
    expect(messages[0]?.length).toBe(body.length + 1);
    expect(messages[1]).toBe('ZI');
    expect(performance.now() - started).toBeLessThan(3_000);
  });

  it.each([-1, 0, 3, 0x7fffffff])('refuses a message that says it has %i bytes', (length) => {
    const bytes = framed('D', Buffer.alloc(20));
    bytes.writeInt32BE(length, 1);
    expect(() => collect().framer.feed(bytes)).toThrow(
      expect.objectContaining({ code: 'E_TARGET_CONNECTION' }) as Error,
    );
  });
});

describe('reading', () => {
  it.each([
    ['UPDATE 1', 1],
    ['INSERT 0 12', 12],
    ['DELETE 0', 0],
    ['COPY 4294967297', 4_294_967_297],
    ['BEGIN', 0],
    ['CREATE TABLE', 0],
    ['', 0],
  ])('the count of the tag %j is %i', (tag, count) => {
    const bytes = Buffer.from(`${tag}\0`);
    expect(readTagCount(bytes, 0, bytes.length)).toBe(count);
  });

  it('random bytes never hang, and fail only by an error of ours or by a RangeError', () => {
    const read = (bytes: Buffer): void => {
      const framer = new BackendFramer((kind, all, start, end) => {
        if (kind === 0x45) readErrorFields(all, start, end);
        else if (kind === 0x54) readDataRow(all, start, readColumnNames(all, start));
        else readTagCount(all, start, end);
      });
      try {
        framer.feed(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
      }
    };
    fc.assert(
      fc.property(
        fc.constantFrom('E', 'T', 'C', 'D'),
        fc.uint8Array({ maxLength: 60 }),
        fc.boolean(),
        (kind, body, whole) =>
          read(whole ? framed(kind, Buffer.from(body)) : Buffer.concat([Buffer.from(kind), Buffer.from(body)])),
      ),
      { seed: SEED, numRuns: 3000 },
    );
  });

  it('an error response whose last field is not closed ends at its end', () => {
    const bytes = Buffer.from('SERROR\0C22012\0Mdivision');
    expect(Object.fromEntries(readErrorFields(bytes, 0, bytes.length))).toEqual({
      S: 'ERROR',
      C: '22012',
      M: 'division',
    });
  });
});
