import { createHash } from 'node:crypto';
import type { Config } from './schema.ts';

export interface DerivedNames {
  readonly slot: string;
  readonly publication: string;
}

const PREFIX = 'walcast_';
/** PostgreSQL cuts longer names off, silently. */
const MAX_BYTES = 63;

/**
 * A name that is valid for a slot: a-z, 0-9, _. Where characters had to be replaced or cut, a hash of the whole name follows, so that two
 * pipelines such as `my-app` and `my_app` never share one slot.
 */
export function sanitisedName(name: string): string {
  const plain = name.toLowerCase().replace(/[^a-z0-9_]/g, '_');
  if (plain === name && PREFIX.length + plain.length <= MAX_BYTES) return PREFIX + plain;
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 8);
  return `${PREFIX}${plain.slice(0, MAX_BYTES - PREFIX.length - hash.length - 1)}_${hash}`;
}

export function deriveNames(config: Pick<Config, 'name' | 'source'>): DerivedNames {
  const name = sanitisedName(config.name);
  const { slot, publication } = config.source.postgres;
  return { slot: slot ?? name, publication: publication ?? name };
}
