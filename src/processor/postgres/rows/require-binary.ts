import { TextNeeded } from '../../../errors/text-needed.ts';
import type { Relation } from '../../../wal/relation.ts';
import type { TargetTable } from './target-table.ts';

/**
 * Bytes are read as whatever type takes them: an int8 as a timestamp, without an error. So each column has to be of the very type that it
 * has on the source, where text would do with a similar one. Rows that go with a user's rights travel as literals.
 */
export function requireBinary(relation: Relation, table: TargetTable, role: object | null): void {
  const name = `${relation.schema}.${relation.name}`;
  if (role !== null) throw new TextNeeded(`rows of ${name} reach code of users`);
  for (const { name: column, typeOid } of relation.columns) {
    const target = table.columns.get(column);
    if (target !== undefined && target.typeOid !== typeOid)
      throw new TextNeeded(`column ${column} of ${name} has the type ${target.typeName} on the target`);
  }
}
