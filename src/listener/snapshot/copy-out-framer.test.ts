import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CopyOutFramer } from './copy-out-framer.ts';

function message(kind: string, content: Buffer): Buffer {
  const header = Buffer.alloc(5);
  header.write(kind, 'latin1');
  header.writeInt32BE(content.length + 4, 1);
  return Buffer.concat([header, content]);
}

const row = (text: string): Buffer => message('d', Buffer.from(text));
const NOTICE = message('N', Buffer.from('SNOTICE\0Mbeware\0\0'));
const SETTING = message('S', Buffer.from('TimeZone\0UTC\0'));
const HELLO = message('H', Buffer.from([0, 0, 1, 0, 0]));
const END = [message('c', Buffer.alloc(0)), message('C', Buffer.from('COPY 3\0')), message('Z', Buffer.from('T'))];

function run(chunks: readonly Buffer[]): { data: Buffer; messages: string[]; calls: number } {
  const data: Buffer[] = [];
  const messages: string[] = [];
  const framer = new CopyOutFramer({
    data: (bytes) => data.push(bytes),
    message: (kind, content) => messages.push(`${String.fromCharCode(kind)}:${content.toString('hex')}:${data.length}`),
  });
  for (const chunk of chunks) framer.feed(chunk);
  return { data: Buffer.concat(data), messages, calls: data.length };
}

const kinds = (messages: readonly string[]): string => messages.map(([kind]) => kind).join('');

describe('CopyOutFramer', () => {
  const rows = [row('a\tb\n'), row(''), row('\\.\n'), row('x'.repeat(300))];
  const stream = Buffer.concat([
    SETTING,
    HELLO,
    rows[0],
    NOTICE,
    rows[1],
    rows[2],
    SETTING,
    rows[3],
    ...END,
  ] as Buffer[]);

  it('passes CopyData on as it came, header and all, and leaves notices and settings out', () => {
    const { data, messages, calls } = run([stream]);
    expect(data).toEqual(Buffer.concat(rows));
    expect(kinds(messages)).toBe('HcCZ');
    expect(calls).toBe(1);
  });

  it('does the same wherever the bytes are cut in two', () => {
    const whole = run([stream]);
    for (let at = 1; at < stream.length; at++) {
      const cut = run([stream.subarray(0, at), stream.subarray(at)]);
      expect(cut.data.equals(whole.data), `cut at ${at}`).toBe(true);
      expect(kinds(cut.messages), `cut at ${at}`).toBe('HcCZ');
    }
  });

  it('does the same byte by byte, and in pieces of any size', () => {
    const expected = Buffer.concat(rows);
    const bytes = Array.from(stream, (_, at) => stream.subarray(at, at + 1));
    expect(run(bytes).data.equals(expected)).toBe(true);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1 }), (sizes) => {
        const chunks: Buffer[] = [];
        for (let at = 0, i = 0; at < stream.length; i++) {
          const size = i < sizes.length ? (sizes[i] ?? 1) : stream.length;
          chunks.push(stream.subarray(at, at + size));
          at += size;
        }
        const { data, messages } = run(chunks);
        return data.equals(expected) && kinds(messages) === 'HcCZ';
      }),
    );
  });

  it('hands over every row before the message that ends them', () => {
    const { messages } = run([Buffer.concat([...rows, ...END])]);
    expect(messages.map((each) => each.at(-1))).toEqual(['1', '1', '1']);
  });

  it('gathers nothing of a huge row: what comes goes on at once', () => {
    const header = Buffer.from([0x64, 0x3f, 0xff, 0xff, 0xff]);
    const sizes: number[] = [];
    const framer = new CopyOutFramer({ data: (bytes) => sizes.push(bytes.length), message: () => undefined });
    framer.feed(header);
    for (let i = 0; i < 100; i++) framer.feed(Buffer.alloc(65_536));
    expect(sizes).toEqual([5, ...new Array<number>(100).fill(65_536)]);
  });

  it('gives neighbours of one chunk as one slice of it, without a copy', () => {
    const chunk = Buffer.concat([row('one'), row('two'), row('three').subarray(0, 3)]);
    const slices: Buffer[] = [];
    new CopyOutFramer({ data: (bytes) => slices.push(bytes), message: () => undefined }).feed(chunk);
    expect(slices).toHaveLength(1);
    expect(slices[0]?.buffer).toBe(chunk.buffer);
    expect(slices[0]?.length).toBe(chunk.length);
  });

  it('refuses what is not the protocol', () => {
    const feed = (bytes: number[]) => () => run([Buffer.from(bytes)]);
    expect(feed([0x64, 0, 0, 0, 3])).toThrow('states the length 3');
    expect(feed([0x64, 0xff, 0, 0, 0])).toThrow('states the length');
    expect(feed([0x45, 0x3f, 0xff, 0xff, 0xff])).toThrow('a message of');
  });
});
