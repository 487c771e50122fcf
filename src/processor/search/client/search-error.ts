import type { ErrorCode } from '../../../errors/codes.ts';
import { WalcastError, type ErrorFields } from '../../../errors/walcast-error.ts';

/** What a cluster says about a request, or an item of a bulk, that it refuses. */
export interface Refusal {
  readonly status: number;
  /** Such as `mapper_parsing_exception`. */
  readonly type: string;
  readonly reason: string;
}

/** Passing by themselves: overload, shards that are not there yet, a proxy without its server. */
const PASSING = new Set([408, 425, 429, 500, 502, 503, 504]);
/** These pass as well, whatever their status: a full disk, an index that is read-only, a cluster without its manager. */
const PASSING_TYPES = new Set([
  'cluster_block_exception',
  'index_create_block_exception',
  'unavailable_shards_exception',
  'no_shard_available_action_exception',
]);
const RIGHTS = new Set([401, 403]);

/** An answer that is no success. Its code says whether it is worth another try. */
export class SearchError extends WalcastError implements Refusal {
  readonly status: number;
  readonly type: string;
  readonly reason: string;

  constructor(where: string, refusal: Refusal, fields: ErrorFields = {}) {
    super(codeOf(refusal), `${where}: ${refusal.reason} [${refusal.status} ${refusal.type}]`, {
      fields: { ...fields, status: refusal.status },
    });
    this.status = refusal.status;
    this.type = refusal.type;
    this.reason = refusal.reason;
  }
}

/** Whether it may succeed when it is tried again as it is. */
export function passes({ status, type }: Refusal): boolean {
  return PASSING.has(status) || PASSING_TYPES.has(type);
}

function codeOf(refusal: Refusal): ErrorCode {
  if (passes(refusal)) return 'E_TARGET_BUSY';
  return RIGHTS.has(refusal.status) ? 'E_SEARCH_RIGHTS' : 'E_SEARCH_REFUSED';
}

/** Reads the body of an answer. Proxies answer with whatever they like: then a piece of it is the reason. */
export function refusalOf(status: number, body: Buffer): Refusal {
  const { error } = parsed(body);
  if (typeof error === 'object' && error !== null) return reasonOf(status, error as ErrorBody);
  const text = typeof error === 'string' ? error : body.toString('utf8', 0, 300).trim();
  return { status, type: 'no_type', reason: text === '' ? 'no reason given' : text };
}

export interface ErrorBody {
  readonly type?: string;
  readonly reason?: string;
  readonly root_cause?: readonly ErrorBody[];
  readonly caused_by?: ErrorBody;
}

/** The innermost cause is what tells people most. */
export function reasonOf(status: number, error: ErrorBody): Refusal {
  const outer = error.reason ?? error.root_cause?.[0]?.reason ?? 'no reason given';
  let inner = error.caused_by;
  while (inner?.caused_by !== undefined) inner = inner.caused_by;
  const cause = inner?.reason === undefined || outer.includes(inner.reason) ? '' : ` (${inner.reason})`;
  return { status, type: error.type ?? error.root_cause?.[0]?.type ?? 'no_type', reason: `${outer}${cause}` };
}

function parsed(body: Buffer): { readonly error?: unknown } {
  try {
    const value: unknown = JSON.parse(body.toString());
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {}; // no JSON: the text is all there is
  }
}
