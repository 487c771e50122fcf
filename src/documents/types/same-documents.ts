import { withoutDomains, type ValueType } from './value-type.ts';

/**
 * Whether every value that a column may hold has the same JSON under both types, given that its text is the same: then documents that were
 * made under the first are right under the second.
 */
export function sameDocuments(before: ValueType, after: ValueType): boolean {
  const [a, b] = [withoutDomains(before), withoutDomains(after)];
  if (a.kind !== b.kind) return false;
  if (a.kind === 'enum' && b.kind === 'enum') {
    // New labels name values that did not exist.
    return Object.entries(a.labels).every(([oid, label]) => b.labels[oid] === label);
  }
  if (a.kind === 'array' && b.kind === 'array') {
    return a.delimiter === b.delimiter && sameDocuments(a.element, b.element);
  }
  if (a.kind === 'composite' && b.kind === 'composite') {
    return (
      a.fields.length === b.fields.length &&
      a.fields.every(({ name, type }, i) => {
        const other = b.fields[i];
        return other !== undefined && name === other.name && sameDocuments(type, other.type);
      })
    );
  }
  if ((a.kind === 'range' && b.kind === 'range') || (a.kind === 'multirange' && b.kind === 'multirange')) {
    return sameDocuments(a.subtype, b.subtype);
  }
  return true;
}
