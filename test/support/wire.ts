/**
 * Writes pgoutput messages (protocol 1) for tests, from the documentation alone, so that a fault of the decoder is not repeated here
 * (https://www.postgresql.org/docs/current/protocol-logicalrep-message-formats.html).
 */
export type WireValue = string | Buffer | null | typeof UNCHANGED;

/** An unchanged TOAST value. */
export const UNCHANGED = Symbol('unchanged');

export interface WireColumn {
  readonly name: string;
  readonly type: number;
  readonly typmod?: number;
  readonly key?: boolean;
}

export interface WireRelation {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly identity?: string;
  readonly columns: readonly WireColumn[];
}

export interface WireOld {
  readonly kind: 'K' | 'O';
  readonly values: readonly WireValue[];
}

/** XLogData: the message with the header that the replication protocol puts before it. */
export function xlogData(lsn: bigint, message: Buffer): Buffer {
  return Buffer.concat([Buffer.from('w'), int64(lsn), int64(lsn), int64(0n), message]);
}

export function keepalive(position: bigint, replyRequested = false): Buffer {
  return Buffer.concat([Buffer.from('k'), int64(position), int64(0n), Buffer.from([replyRequested ? 1 : 0])]);
}

export function begin(commitLsn: bigint, xid: number, time = 0n): Buffer {
  return Buffer.concat([Buffer.from('B'), int64(commitLsn), int64(time), int32(xid)]);
}

export function commit(commitLsn: bigint, endLsn: bigint, time = 0n): Buffer {
  return Buffer.concat([Buffer.from('C\0'), int64(commitLsn), int64(endLsn), int64(time)]);
}

export function origin(lsn: bigint, name: string): Buffer {
  return Buffer.concat([Buffer.from('O'), int64(lsn), text(name)]);
}

export function relation({ oid, schema, name, identity = 'd', columns }: WireRelation): Buffer {
  return Buffer.concat([
    Buffer.from('R'),
    int32(oid),
    text(schema),
    text(name),
    Buffer.from(identity, 'latin1'),
    int16(columns.length),
    ...columns.flatMap((column) => [
      Buffer.from([column.key === true ? 1 : 0]),
      text(column.name),
      int32(column.type),
      int32(column.typmod ?? -1),
    ]),
  ]);
}

export function type(oid: number, schema: string, name: string): Buffer {
  return Buffer.concat([Buffer.from('Y'), int32(oid), text(schema), text(name)]);
}

export function insert(oid: number, values: readonly WireValue[]): Buffer {
  return Buffer.concat([Buffer.from('I'), int32(oid), Buffer.from('N'), tuple(values)]);
}

export function update(oid: number, old: WireOld | null, values: readonly WireValue[]): Buffer {
  const before = old === null ? [] : [Buffer.from(old.kind), tuple(old.values)];
  return Buffer.concat([Buffer.from('U'), int32(oid), ...before, Buffer.from('N'), tuple(values)]);
}

export function remove(oid: number, old: WireOld): Buffer {
  return Buffer.concat([Buffer.from('D'), int32(oid), Buffer.from(old.kind), tuple(old.values)]);
}

export function truncate(oids: readonly number[], flags = 0): Buffer {
  return Buffer.concat([Buffer.from('T'), int32(oids.length), Buffer.from([flags]), ...oids.map(int32)]);
}

export function message(prefix: string, content: Buffer, transactional = true, lsn = 0n): Buffer {
  return Buffer.concat([
    Buffer.from('M'),
    Buffer.from([transactional ? 1 : 0]),
    int64(lsn),
    text(prefix),
    int32(content.length),
    content,
  ]);
}

/** Text goes as `t`, a Buffer as `b`. */
function tuple(values: readonly WireValue[]): Buffer {
  return Buffer.concat([
    int16(values.length),
    ...values.map((value) => {
      if (value === null) return Buffer.from('n');
      if (value === UNCHANGED) return Buffer.from('u');
      const bytes = Buffer.isBuffer(value) ? value : Buffer.from(value);
      return Buffer.concat([Buffer.from(Buffer.isBuffer(value) ? 'b' : 't'), int32(bytes.length), bytes]);
    }),
  ]);
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}

function int64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt.asUintN(64, value));
  return bytes;
}

function text(value: string): Buffer {
  return Buffer.from(`${value}\0`);
}
