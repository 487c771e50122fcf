import { WalcastError } from '../../../errors/walcast-error.ts';
import type { Relation } from '../../../wal/relation.ts';
import type { TargetTable } from './target-table.ts';

/** Type oids below are the same on every server. */
const FIRST_USER_OID = 16384;
/** Tables remembered at once; beyond, the oldest are no longer waited for. */
const LIMIT = 1000;

/**
 * Tables that a transaction above READ COMMITTED changed: its trigger may have seen a stale catalog, so what it said of them proves nothing.
 * Their next Relation message was read from the catalog of the right moment; the target is held against that.
 */
export class IsoCheck {
  readonly #waiting = new Set<number>();

  expect(oid: number): void {
    this.#waiting.delete(oid);
    this.#waiting.add(oid);
    const [oldest] = this.#waiting;
    if (this.#waiting.size > LIMIT && oldest !== undefined) this.#waiting.delete(oldest);
  }

  /** Throws if the table differs from its Relation message; looks once. */
  meet(relation: Relation, table: TargetTable): void {
    if (!this.#waiting.delete(relation.oid)) return;
    const differences = columnDifferences(relation, table);
    if (differences.length === 0) return;
    const name = `${relation.schema}.${relation.name}`;
    throw new WalcastError(
      'E_DDL_MISMATCH',
      `after a change above READ COMMITTED ${name} differs from the source: ${differences.join('; ')}`,
      {
        fields: { table: name },
      },
    );
  }
}

/** Pure: names and built-in types, both ways. Generated columns may be missing from the stream. */
export function columnDifferences(relation: Relation, table: TargetTable): string[] {
  const differences: string[] = [];
  for (const { name, typeOid } of relation.columns) {
    const target = table.columns.get(name);
    if (target === undefined) differences.push(`column ${name} is missing`);
    else if ((typeOid < FIRST_USER_OID || target.typeOid < FIRST_USER_OID) && target.typeOid !== typeOid) {
      differences.push(`column ${name} has the type ${target.typeName} (${target.typeOid}) instead of ${typeOid}`);
    }
  }
  const sent = new Set(relation.columns.map(({ name }) => name));
  for (const { name, generated } of table.columns.values()) {
    if (!generated && !sent.has(name)) differences.push(`column ${name} is not on the source`);
  }
  return differences;
}
