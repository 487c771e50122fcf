/** Kinds of backend messages that a session can see (https://www.postgresql.org/docs/current/protocol-message-formats.html). */
export const BACKEND = {
  commandComplete: 0x43,
  dataRow: 0x44,
  error: 0x45,
  emptyQuery: 0x49,
  rowDescription: 0x54,
  readyForQuery: 0x5a,
  copyInResponse: 0x47,
} as const;

export type MessageHandler = (kind: number, bytes: Buffer, start: number, end: number) => void;

/** Cuts the server's bytes into messages. Bytes are valid only during the call of the handler. */
export class BackendFramer {
  readonly #handle: MessageHandler;
  #tail: Buffer | null = null;

  constructor(handle: MessageHandler) {
    this.#handle = handle;
  }

  feed(chunk: Buffer): void {
    const bytes = this.#tail === null ? chunk : Buffer.concat([this.#tail, chunk]);
    this.#tail = null;
    let at = 0;
    while (at + 5 <= bytes.length) {
      const end = at + 1 + bytes.readInt32BE(at + 1);
      if (end > bytes.length) break;
      this.#handle(bytes[at] as number, bytes, at + 5, end);
      at = end;
    }
    if (at < bytes.length) this.#tail = Buffer.from(bytes.subarray(at));
  }
}

export function readErrorFields(bytes: Buffer, start: number, end: number): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  let at = start;
  while (at < end && bytes[at] !== 0) {
    const zero = bytes.indexOf(0, at + 1);
    fields.set(String.fromCharCode(bytes[at] as number), bytes.toString('utf8', at + 1, zero));
    at = zero + 1;
  }
  return fields;
}

export function readColumnNames(bytes: Buffer, start: number): string[] {
  const names: string[] = [];
  let at = start + 2;
  for (let left = bytes.readUInt16BE(start); left > 0; left--) {
    const zero = bytes.indexOf(0, at);
    names.push(bytes.toString('utf8', at, zero));
    at = zero + 19;
  }
  return names;
}

export function readDataRow(bytes: Buffer, start: number, names: readonly string[]): Record<string, string | null> {
  const row: Record<string, string | null> = {};
  let at = start + 2;
  for (const name of names) {
    const length = bytes.readInt32BE(at);
    at += 4;
    row[name] = length < 0 ? null : bytes.toString('utf8', at, at + length);
    if (length > 0) at += length;
  }
  return row;
}

/** The count at the end of a command tag such as `UPDATE 1` or `INSERT 0 1`; 0 where there is none. */
export function readTagCount(bytes: Buffer, start: number, end: number): number {
  let count = 0;
  let factor = 1;
  let at = end - 2; // before the closing zero byte
  for (; at >= start; at--) {
    const digit = (bytes[at] as number) - 0x30;
    if (digit < 0 || digit > 9) break;
    count += digit * factor;
    factor *= 10;
  }
  return bytes[at] === 0x20 ? count : 0;
}
