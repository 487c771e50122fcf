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

/** Bind of text values to the unnamed portal. */
export function writeBind(out: OutputBuffer, name: string, values: readonly SqlValue[]): void {
  const encoded = values.map((value) => (value === null ? null : Buffer.from(value)));
  const nameBytes = Buffer.from(`\0${name}\0`); // unnamed portal, then the statement
  let size = 4 + nameBytes.length + 2 + 2 + 2;
  for (const value of encoded) size += 4 + (value?.length ?? 0);
  out.byte(0x42); // B
  out.int32(size);
  out.slice(nameBytes, 0, nameBytes.length);
  out.int16(0);
  out.int16(encoded.length);
  for (const value of encoded) {
    out.int32(value === null ? -1 : value.length);
    if (value !== null) out.slice(value, 0, value.length);
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
