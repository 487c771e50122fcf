import { builtinType } from './builtin-types.ts';
import type { TypeDescription, TypeSource } from './type-source.ts';
import { OTHER, type PlainKind, type ValueType } from './value-type.ts';

/** Base types of extensions whose text we can read, by extension and name. Whoever defines a type of such a name himself has another one. */
const EXTENSION_TYPES: ReadonlyMap<string, PlainKind> = new Map([
  ['citext.citext', 'citext'],
  ['hstore.hstore', 'hstore'],
  ['vector.vector', 'vector'],
  ['vector.halfvec', 'vector'],
]);

/** Types are made of types that existed before: deeper than this is a circle. */
const DEPTH_LIMIT = 64;

/** Finds types by their oids; those that are not built in are asked for once. */
export class TypeResolver {
  readonly #source: TypeSource;
  #known = new Map<number, ValueType>();

  constructor(source: TypeSource) {
    this.#source = source;
  }

  /** Every oid has an answer: what is gone is `other`. */
  async resolve(oids: readonly number[]): Promise<ReadonlyMap<number, ValueType>> {
    const unknown = [...new Set(oids)].filter((oid) => builtinType(oid) === undefined && !this.#known.has(oid));
    if (unknown.length > 0) {
      const known = this.#known;
      const described = new Map((await this.#source.describe(unknown)).map((each) => [each.oid, each]));
      for (const oid of unknown) known.set(oid, valueType(oid, described, 0));
    }
    return new Map(oids.map((oid) => [oid, builtinType(oid) ?? this.#known.get(oid) ?? OTHER]));
  }

  /** After a change of schema: labels, attributes and bases may be others now. */
  forget(): void {
    this.#known = new Map();
  }
}

function valueType(oid: number, described: ReadonlyMap<number, TypeDescription>, depth: number): ValueType {
  const builtin = builtinType(oid);
  if (builtin !== undefined) return builtin;
  const type = described.get(oid);
  if (type === undefined || depth > DEPTH_LIMIT) return OTHER;
  const of = (part: number | undefined): ValueType =>
    part === undefined ? OTHER : valueType(part, described, depth + 1);
  if (type.element !== undefined) return { kind: 'array', element: of(type.element), delimiter: type.delimiter ?? ',' };
  switch (type.kind) {
    case 'e':
      return { kind: 'enum', labels: type.labels ?? {} };
    case 'd':
      return { kind: 'domain', base: of(type.base) };
    case 'r':
      return { kind: 'range', subtype: of(type.subtype) };
    case 'm':
      return { kind: 'multirange', subtype: of(type.subtype) };
    case 'c':
      return {
        kind: 'composite',
        fields: (type.fields ?? []).map(({ name, type: part }) => ({ name, type: of(part) })),
      };
    default:
      return { kind: EXTENSION_TYPES.get(`${type.extension}.${type.name}`) ?? 'other' };
  }
}
