import { WalcastError } from '../../errors/walcast-error.ts';
import type { SqlSession } from '../../postgres/sql-session.ts';
import { quoteLiteral } from '../../sql/quote.ts';
import { identityGaps, type IdentityGap } from '../check/identity-gaps.ts';
import { alterPatiently } from './alter-patiently.ts';

/** Gives every table that needs one a replica identity, a transaction a table. Returns what was given. */
export async function settleIdentities(
  session: SqlSession,
  options: { readonly waitMs: number; readonly signal?: AbortSignal },
): Promise<IdentityGap[]> {
  const settled = new Map<string, IdentityGap>();
  for (let gaps = await identityGaps(session); gaps.length > 0; gaps = await identityGaps(session)) {
    for (const gap of gaps) {
      if (settled.has(gap.oid)) {
        throw new WalcastError(
          'E_INTERNAL',
          `${gap.table} still has no usable replica identity after it was given one`,
        );
      }
      await alterPatiently(session, `select walcast.settle_identities(array[${quoteLiteral(gap.oid)}::oid])`, {
        ...options,
        table: gap.table,
        oid: gap.oid,
      });
      settled.set(gap.oid, gap);
    }
  }
  return [...settled.values()];
}
