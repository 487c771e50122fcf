import { child, listOf, textOf } from '../../../ddl/ast.ts';
import { quoteIdentifier, quoteQualified } from '../../../sql/quote.ts';
import { SqlLexer } from '../../../sql/split-statements-lexer.ts';
import type { ColumnMetadata, TableMetadata } from '../../../wal/table-metadata.ts';
import type { ParsedStatement } from './parse-pieces.ts';
import { mainRelation, type ObjectName } from './statement-relations.ts';

interface Element {
  /** Null: a constraint. */
  readonly column: string | null;
  readonly constraint: string | null;
  readonly inlineDefault: boolean;
  readonly text: string;
}

export interface Rearranged {
  readonly statements: readonly string[];
  /** Made and dropped again by them; it has the same code of users as its heir. */
  readonly helper: ObjectName;
}

/**
 * CREATE TABLE … INHERITS puts the columns of the parents first. A column that a parent got after its heir was made stands behind the heir's
 * own, and pg_dump does not tell. Such a table is made as it came about: from a helper that gets the inherited columns one by one, between
 * the table's own, and then gives way to the parents, so that no inherited column becomes one of its own.
 */
export class InheritedOrder {
  readonly #byOid: ReadonlyMap<number, TableMetadata>;
  readonly #byName: ReadonlyMap<string, TableMetadata>;
  /** Oid and column where CREATE TABLE itself sets the default; other defaults come later, for heirs as well. */
  readonly #inlineDefaults = new Set<string>();

  constructor(relations: readonly TableMetadata[]) {
    this.#byOid = new Map(relations.map((table) => [table.oid, table]));
    this.#byName = new Map(relations.map((table) => [`${table.schema}\0${table.name}`, table]));
  }

  /** To be asked about every statement. Null: it stays as it is. */
  rearrange(parsed: ParsedStatement): Rearranged | null {
    const { kind, node } = parsed;
    const foreign = kind === 'CreateForeignTableStmt';
    if (kind !== 'CreateStmt' && !foreign) return null;
    const name = mainRelation(kind, node);
    const table = this.#byName.get(`${name?.schema ?? ''}\0${name?.name ?? ''}`);
    if (table === undefined || table.partition_bound !== undefined) return null;
    const statement = foreign ? (child(node, 'base') ?? child(node, 'baseStmt')) : node;
    const kinds = listOf(statement, 'tableElts');
    for (const definition of kinds) {
      const column = child(definition, 'ColumnDef');
      if (hasDefault(column)) this.#inlineDefaults.add(`${table.oid} ${textOf(column, 'colname') ?? ''}`);
    }
    if (listOf(statement, 'inhRelations').length === 0) return null;
    const own = kinds.flatMap((element) => textOf(child(element, 'ColumnDef'), 'colname') ?? []);
    const order = (table.columns ?? []).map((column) => column.name);
    const parents = this.#parentsOf(table);
    const natural = new Set([...parents.flatMap(({ columns = [] }) => columns.map((column) => column.name)), ...own]);
    if (parents.length === 0 || [...natural].join('\0') === order.join('\0')) return null;
    const parts = partsOf(parsed.text);
    if (parts === null || parts.elements.length !== kinds.length) return null;
    const elements = kinds.map((element, at): Element => {
      const column = child(element, 'ColumnDef');
      const constraint = textOf(child(element, 'Constraint'), 'conname') ?? null;
      const text = parts.elements[at] ?? '';
      return { column: textOf(column, 'colname') ?? null, constraint, inlineDefault: hasDefault(column), text };
    });
    return this.#throughHelper(table, parents, elements, parts);
  }

  #throughHelper(
    table: TableMetadata,
    parents: readonly TableMetadata[],
    elements: readonly Element[],
    { head, tail }: Parts,
  ): Rearranged {
    const helper = { schema: table.schema, name: `walcast_order_${table.oid}` };
    const through = quoteQualified(helper.schema, helper.name);
    const heir = quoteQualified(table.schema, table.name);
    const printed = new Set(elements.map(({ constraint }) => constraint));
    const columns = (table.columns ?? []).flatMap((column) => {
      const own = elements.find((element) => element.column === column.name);
      // One that is its own and a parent's: added to the helper afterwards, it is merged and stays its own.
      const inherited =
        own === undefined || parents.some((parent) => parent.columns?.some(({ name }) => name === column.name));
      return [
        ...(own === undefined ? [] : [`ALTER TABLE ${heir} ADD COLUMN ${own.text}`]),
        ...(inherited ? [`ALTER TABLE ${through} ADD COLUMN ${this.#inherited(table, column, printed)}`] : []),
      ];
    });
    const checks = (table.constraints ?? [])
      .filter(({ type, name, definition }) => type === 'c' && !printed.has(name) && !definition.endsWith('NOT VALID'))
      .map((k) => `ALTER TABLE ${through} ADD CONSTRAINT ${quoteIdentifier(k.name)} ${k.definition}`);
    const ownConstraints = elements
      .filter(({ column }) => column === null)
      .map(({ text }) => `ALTER TABLE ${heir} ADD ${text}`);
    return {
      helper,
      statements: [
        `CREATE TABLE ${through} ()`,
        `${head} () INHERITS (${through})${tail}`,
        ...columns,
        ...checks,
        ...ownConstraints,
        ...parents.map(({ schema, name }) => `ALTER TABLE ${heir} INHERIT ${quoteQualified(schema, name)}`),
        `ALTER TABLE ${heir} NO INHERIT ${through}`,
        `DROP TABLE ${through}`,
      ],
    };
  }

  #inherited(table: TableMetadata, column: ColumnMetadata, printed: ReadonlySet<string | null>): string {
    const { name, type, collation, generated, generated_kind: kind } = column;
    const notNull = (table.constraints ?? []).find(
      (k) =>
        k.type === 'n' &&
        [name, quoteIdentifier(name)].some((spelling) => k.definition.startsWith(`NOT NULL ${spelling}`)),
    );
    const value =
      generated !== undefined
        ? ` GENERATED ALWAYS AS (${generated}) ${kind === 'v' ? 'VIRTUAL' : 'STORED'}`
        : this.#defaultFrom(table, column)
          ? ` DEFAULT ${column.default ?? ''}`
          : '';
    const required =
      column.not_null !== true || (notNull !== undefined && printed.has(notNull.name))
        ? ''
        : notNull === undefined
          ? ' NOT NULL'
          : ` CONSTRAINT ${quoteIdentifier(notNull.name)} NOT NULL`;
    return `${quoteIdentifier(name)} ${type}${collation === undefined ? '' : ` COLLATE ${collation}`}${value}${required}`;
  }

  /** Does the column have its default from the moment when an ancestor was made? */
  #defaultFrom(table: TableMetadata, { name, default: expression }: ColumnMetadata): boolean {
    return this.#parentsOf(table).some((parent) => {
      const column = parent.columns?.find((candidate) => candidate.name === name);
      if (column === undefined || expression === undefined || column.default !== expression) return false;
      return this.#inlineDefaults.has(`${parent.oid} ${name}`) || this.#defaultFrom(parent, column);
    });
  }

  /** Empty if one of them is not known. */
  #parentsOf({ parents = [] }: TableMetadata): TableMetadata[] {
    const known = parents.flatMap((oid) => this.#byOid.get(oid) ?? []);
    return known.length === parents.length ? known : [];
  }
}

function hasDefault(column: ReturnType<typeof child>): boolean {
  return listOf(column, 'constraints').some(
    (wrapped) => textOf(child(wrapped, 'Constraint'), 'contype') === 'CONSTR_DEFAULT',
  );
}

interface Parts {
  /** Up to the list of columns and constraints. */
  readonly head: string;
  readonly elements: readonly string[];
  /** Behind the list, without INHERITS. */
  readonly tail: string;
}

/** `CREATE TABLE s.t (a int, check (a > 0)) INHERITS (s.p) WITH (…)` in its parts. */
function partsOf(text: string): Parts | null {
  const lexer = new SqlLexer({ meta: false });
  const tokens = [...lexer.push(text), ...lexer.end()];
  const elements: string[] = [];
  let depth = 0;
  let start = -1;
  let listStart = -1;
  let listEnd = -1;
  let inherits = -1;
  let inheritsEnd = -1;
  for (const token of tokens) {
    const char = text.slice(token.start, token.end);
    if (listEnd < 0 && depth === 1 && (char === ',' || char === ')')) {
      if (text.slice(start, token.start).trim() !== '') elements.push(text.slice(start, token.start).trim());
      start = token.end;
    }
    if (char === '(' || char === '[') {
      if (depth === 0 && listStart < 0) {
        listStart = token.start;
        start = token.end;
      }
      depth++;
    } else if (char === ')' || char === ']') {
      depth--;
      if (depth === 0 && listEnd < 0) listEnd = token.end;
      else if (depth === 0 && inherits >= 0 && inheritsEnd < 0) inheritsEnd = token.end;
    } else if (depth === 0 && listEnd >= 0 && token.word === 'inherits') inherits = token.start;
  }
  if (listEnd < 0 || inheritsEnd < 0) return null;
  const head = text.slice(0, listStart).trimEnd();
  return { head, elements, tail: `${text.slice(listEnd, inherits).trimEnd()}${text.slice(inheritsEnd)}` };
}
