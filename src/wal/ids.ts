/** An object identifier of one database: unsigned 32 bit, never comparable between two databases. */
export type Oid = number & { readonly __brand: 'Oid' };

/** A transaction id as the stream carries it: unsigned 32 bit, without epoch. */
export type Xid = number & { readonly __brand: 'Xid' };

export function oid(value: number): Oid {
  return value as Oid;
}

export function xid(value: number): Xid {
  return value as Xid;
}
