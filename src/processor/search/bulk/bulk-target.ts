/** An index that operations go to, with the beginning of their lines as bytes. */
export interface BulkTarget {
  readonly number: number;
  readonly index: string;
  /** `schema.table`, for messages. */
  readonly label: string;
  /** `{"index":{"_index":"…","_id":` */
  readonly indexHead: Buffer;
  readonly deleteHead: Buffer;
}

export interface BulkTargetOptions {
  readonly label: string;
  /** The name is an alias. Without its index the operation fails, where the cluster would make an index of its own idea. */
  readonly requireAlias?: boolean;
}

export function bulkTarget(number: number, index: string, { label, requireAlias }: BulkTargetOptions): BulkTarget {
  const alias = requireAlias === true ? '"require_alias":true,' : '';
  const head = (kind: string): Buffer => Buffer.from(`{"${kind}":{"_index":${JSON.stringify(index)},${alias}"_id":`);
  return { number, index, label, indexHead: head('index'), deleteHead: head('delete') };
}
