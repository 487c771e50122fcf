import type { OutputBuffer } from './output-buffer.ts';
import type { SqlValue } from './sql-session.ts';

/** Parse. Parameters have the given type oids (0: the server infers). */
export function writeParse(out: OutputBuffer, name: string, sql: string, types: readonly number[]): void {
  const nameBytes = Buffer.from(`${name}\0`);
  const sqlBytes = Buffer.from(`${sql}\0`);
  out.byte(0x50); // P
  out.int32(4 + nameBytes.length + sqlBytes.length + 2 + types.length * 4);
  out.slice(nameBytes, 0, nameBytes.length);
  out.slice(sqlBytes, 0, sqlBytes.length);
  out.int16(types.length);
  for (const type of types) out.int32(type);
}

/** Bind of text values to the unnamed portal. The statement's name is ASCII. */
export function writeBind(out: OutputBuffer, name: string, values: readonly SqlValue[]): void {
  let size = 4 + 1 + name.length + 1 + 2 + 2 + 2;
  for (const value of values) size += value === null ? 4 : 4 + Buffer.byteLength(value);
  out.byte(0x42); // B
  out.int32(size);
  out.byte(0); // unnamed portal
  out.text(name, name.length);
  out.byte(0);
  out.int16(0);
  out.int16(values.length);
  for (const value of values) {
    if (value === null) {
      out.int32(-1);
      continue;
    }
    const length = Buffer.byteLength(value);
    out.int32(length);
    out.text(value, length);
  }
  out.int16(0);
}

/** Execute of the unnamed portal, all rows. */
export function writeExecute(out: OutputBuffer): void {
  out.byte(0x45); // E
  out.int32(9);
  out.byte(0);
  out.int32(0);
}

/** Describe of the unnamed portal. */
export function writeDescribe(out: OutputBuffer): void {
  out.byte(0x44); // D
  out.int32(6);
  out.byte(0x50); // P: portal
  out.byte(0);
}

/** Sync: the server answers with ReadyForQuery. */
export function writeSync(out: OutputBuffer): void {
  out.byte(0x53); // S
  out.int32(4);
}

/** Flush: the server sends what it has answered. */
export function writeFlush(out: OutputBuffer): void {
  out.byte(0x48); // H
  out.int32(4);
}
