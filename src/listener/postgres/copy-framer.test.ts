import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CopyFramer } from './copy-framer.ts';

interface Message {
  readonly kind: string;
  readonly content: Uint8Array;
}

function wire({ kind, content }: Message): Buffer {
  const header = Buffer.alloc(5);
  header.write(kind, 'latin1');
  header.writeInt32BE(content.length + 4, 1);
  return Buffer.concat([header, content]);
}

function feedInPieces(bytes: Buffer, cuts: readonly number[]): Message[] {
  const seen: Message[] = [];
  const framer = new CopyFramer({
    data: (bytes, start, end) => seen.push({ kind: 'd', content: Uint8Array.from(bytes.subarray(start, end)) }),
    other: (message) =>
      seen.push({ kind: message.toString('latin1', 0, 1), content: Uint8Array.from(message.subarray(5)) }),
  });
  let at = 0;
  for (const cut of [...cuts].sort((a, b) => a - b)) {
    const end = Math.min(cut, bytes.length);
    if (end > at) framer.feed(Buffer.from(bytes.subarray(at, end)));
    at = Math.max(at, end);
  }
  framer.feed(Buffer.from(bytes.subarray(at)));
  return seen;
}

describe('CopyFramer', () => {
  it('gives every message whole and in order, wherever the bytes are cut', () => {
    const message = fc.record({ kind: fc.constantFrom('d', 'E', 'Z', 'C'), content: fc.uint8Array({ maxLength: 40 }) });
    fc.assert(
      fc.property(fc.array(message, { maxLength: 12 }), fc.array(fc.nat(400), { maxLength: 30 }), (messages, cuts) => {
        expect(feedInPieces(Buffer.concat(messages.map(wire)), cuts)).toEqual(messages);
      }),
    );
  });

  it('is right when cut at every single byte', () => {
    const messages = ['d', 'E', 'd', 'd'].map((kind, i) => ({
      kind,
      content: Uint8Array.from({ length: i * 3 }, (_, b) => b),
    }));
    const bytes = Buffer.concat(messages.map(wire));
    expect(
      feedInPieces(
        bytes,
        Array.from({ length: bytes.length }, (_, i) => i),
      ),
    ).toEqual(messages);
  });

  it('refuses a length that cannot be', () => {
    const framer = new CopyFramer({ data: () => undefined, other: () => undefined });
    expect(() => framer.feed(Buffer.from([0x64, 0, 0, 0, 3, 0]))).toThrow(RangeError);
  });
});
