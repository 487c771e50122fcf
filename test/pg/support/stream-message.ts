/** A pgoutput message, as far as these tests look at it. Written apart from `src/decode`, so that neither hides a fault of the other. */
export type StreamMessage =
  | { readonly kind: 'begin'; readonly xid: number }
  | { readonly kind: 'commit' | 'update' | 'delete' | 'truncate' | 'other' }
  | { readonly kind: 'message'; readonly prefix: string; readonly content: string }
  | {
      readonly kind: 'relation';
      readonly schema: string;
      readonly name: string;
      readonly identity: string;
      readonly columns: readonly string[];
    }
  | { readonly kind: 'insert'; readonly values: readonly (string | null)[] };

const OTHER_KINDS: Readonly<Record<string, 'commit' | 'update' | 'delete' | 'truncate'>> = {
  C: 'commit',
  U: 'update',
  D: 'delete',
  T: 'truncate',
};

export function decodeMessage(bytes: Buffer): StreamMessage {
  const type = String.fromCharCode(bytes[0] ?? 0);
  const reader = new Reader(bytes);
  switch (type) {
    case 'B':
      reader.at += 16;
      return { kind: 'begin', xid: reader.int32() };
    case 'M': {
      reader.at += 9;
      const prefix = reader.cstring();
      return { kind: 'message', prefix, content: reader.text(reader.int32()) };
    }
    case 'R': {
      reader.at += 4;
      const [schema, name, identity] = [reader.cstring(), reader.cstring(), reader.text(1)];
      const columns = Array.from({ length: reader.int16() }, () => {
        reader.at += 1;
        const column = reader.cstring();
        reader.at += 8;
        return column;
      });
      return { kind: 'relation', schema, name, identity, columns };
    }
    case 'I':
      reader.at += 5;
      return {
        kind: 'insert',
        values: Array.from({ length: reader.int16() }, () =>
          reader.text(1) === 't' ? reader.text(reader.int32()) : null,
        ),
      };
    default:
      return { kind: OTHER_KINDS[type] ?? 'other' };
  }
}

class Reader {
  at = 1;
  readonly #bytes: Buffer;
  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }
  int16(): number {
    this.at += 2;
    return this.#bytes.readUInt16BE(this.at - 2);
  }
  int32(): number {
    this.at += 4;
    return this.#bytes.readUInt32BE(this.at - 4);
  }
  text(length: number): string {
    this.at += length;
    return this.#bytes.toString('utf8', this.at - length, this.at);
  }
  cstring(): string {
    const text = this.text(this.#bytes.indexOf(0, this.at) - this.at);
    this.at += 1;
    return text;
  }
}
