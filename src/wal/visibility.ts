/**
 * What pg_current_snapshot() tells: transactions below `xmin` have ended, from `xmax` on none has, between them all but `inProgress` have.
 * Transaction ids have 64 bits here, epoch included; only top-level ones are listed.
 */
export interface VisibilitySnapshot {
  readonly xmin: bigint;
  readonly xmax: bigint;
  readonly inProgress: ReadonlySet<bigint>;
}

/** `xmin:xmax:xip,xip…`, the text of a pg_snapshot. */
export function parseSnapshot(text: string): VisibilitySnapshot {
  const match = /^(\d+):(\d+):((?:\d+(?:,\d+)*)?)$/.exec(text);
  if (match === null) throw new Error(`not a pg_snapshot: ${text}`);
  const [, xmin = '0', xmax = '0', list = ''] = match;
  return {
    xmin: BigInt(xmin),
    xmax: BigInt(xmax),
    inProgress: new Set(list === '' ? [] : list.split(',').map(BigInt)),
  };
}

export function formatSnapshot({ xmin, xmax, inProgress }: VisibilitySnapshot): string {
  return `${xmin}:${xmax}:${[...inProgress].join(',')}`;
}

/** Had the transaction, which is known to have committed by now, committed when the snapshot was taken? */
export function isVisible(snapshot: VisibilitySnapshot, xid: bigint): boolean {
  if (xid < snapshot.xmin) return true;
  return xid < snapshot.xmax && !snapshot.inProgress.has(xid);
}

const EPOCH = 1n << 32n;
const HALF_EPOCH = 1n << 31n;

/**
 * The 64-bit id of a transaction of which the stream tells 32 bits, where it is no more than 2^31 transactions away from `near`: PostgreSQL
 * lets no two live transactions be further apart.
 */
export function expandXid(xid: number, near: bigint): bigint {
  const distance = (BigInt(xid) - near) & (EPOCH - 1n);
  const expanded = near + (distance >= HALF_EPOCH ? distance - EPOCH : distance);
  return expanded < 0n ? expanded + EPOCH : expanded;
}
