import type { DocumentColumn } from '../../../documents/rows/document-column.ts';
import type { ValueType } from '../../../documents/types/value-type.ts';
import { sameDocuments } from '../../../documents/types/same-documents.ts';
import { columnField, fieldName, NO_FIELD } from './field-names.ts';
import { withOptions } from './field-options.ts';
import {
  ANALYSIS,
  fieldType,
  KEPT,
  KEYWORD,
  TSVECTOR_ANALYZER,
  type FieldOptions,
  type FieldType,
} from './field-types.ts';

export type { FieldOptions };

export interface MappingColumn {
  /** attnum */
  readonly num: number;
  readonly name: string;
  readonly type: ValueType;
  /** The user's, as they were when the index was made: a rename doesn't change them. */
  readonly options?: FieldOptions;
}

export interface MappingInput {
  readonly tableId: string;
  /** In the order of the rows. */
  readonly columns: readonly MappingColumn[];
  /** What fields are called: by ids that never change, found by alias fields · by the names of the columns. */
  readonly fields: 'ids' | 'names';
  /** Names that columns had in this index before; where no column has them now they find nothing. */
  readonly gone?: readonly string[];
}

export interface MappingNote {
  readonly column: string;
  readonly kind: 'name' | 'keyword' | 'not-searchable' | 'sibling';
  readonly text: string;
}

export interface TableMapping {
  /** For `mappings` of an index; `_meta` is left to the caller. */
  readonly mappings: { readonly dynamic: 'strict'; readonly properties: Readonly<Record<string, FieldOptions>> };
  /** Settings of the index that the mapping needs. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** How the rows are written; in the order of `columns`. */
  readonly columns: readonly DocumentColumn[];
  /** Fields, sub-fields and aliases: what counts against `index.mapping.total_fields.limit`. */
  readonly fieldCount: number;
  readonly notes: readonly MappingNote[];
}

const SIBLINGS = ['keyword', 'text', 'raw'];

/** OpenSearch's own limit, which stays as long as it does. */
const USUAL_FIELD_LIMIT = 1000;

export function tableMapping({ tableId, columns, fields, gone = [] }: MappingInput): TableMapping {
  const layout = new Layout(tableId, fields, columns);
  for (const column of columns) layout.add(column);
  layout.retire(gone);
  const { properties, written, notes, fieldCount } = layout;
  const analyzed = Object.values(properties).some((field) => field['analyzer'] === TSVECTOR_ANALYZER);
  return {
    mappings: { dynamic: 'strict', properties },
    settings: {
      // Twice the need: columns that come and go leave their fields behind.
      'index.mapping.total_fields.limit': Math.max(USUAL_FIELD_LIMIT, fieldCount * 2),
      ...(analyzed ? { analysis: ANALYSIS } : {}),
    },
    columns: written,
    fieldCount,
    notes,
  };
}

/**
 * Whether a column that changed its type, but no text of its values, keeps its field and its part of the documents. Of a rewrite of the table it
 * says nothing.
 */
export function sameField(
  before: ValueType,
  beforeOptions: FieldOptions | undefined,
  after: ValueType,
  afterOptions: FieldOptions | undefined,
): boolean {
  const [a, b] = [withOptions(fieldType(before), beforeOptions, ''), withOptions(fieldType(after), afterOptions, '')];
  return (
    JSON.stringify(a.field) === JSON.stringify(b.field) &&
    a.raw === b.raw &&
    a.text === b.text &&
    sameDocuments(before, after)
  );
}

class Layout {
  readonly properties: Record<string, FieldOptions> = { [NO_FIELD]: { type: 'keyword' } };
  readonly written: DocumentColumn[] = [];
  readonly notes: MappingNote[] = [];
  fieldCount = 1;
  readonly #tableId: string;
  readonly #ids: boolean;
  /** Names of columns come before names that we make of them. */
  readonly #names: ReadonlySet<string>;

  constructor(tableId: string, fields: 'ids' | 'names', columns: readonly MappingColumn[]) {
    this.#tableId = tableId;
    this.#ids = fields === 'ids';
    this.#names = new Set(columns.map(({ name }) => fieldName(name)));
  }

  add({ num, name, type, options }: MappingColumn): void {
    const named = fieldName(name);
    const shape = withOptions(fieldType(type), options, name);
    const id = columnField(this.#tableId, num);
    const key = this.#ids ? id : named;
    this.#note(name, named, shape);
    this.#put(key, shape.field);
    if (this.#ids) this.#alias(named, key);
    for (const sub of Object.keys((shape.field['fields'] as FieldOptions | undefined) ?? {})) {
      this.fieldCount++;
      this.#alias(this.#sibling(name, named, sub), `${key}.${sub}`);
    }
    const beside = (suffix: string, field: FieldOptions): string => {
      const sibling = this.#sibling(name, named, suffix);
      if (!this.#ids) {
        this.#put(sibling, field);
        return sibling;
      }
      this.#put(`${id}-${suffix}`, field);
      this.#alias(sibling, `${id}-${suffix}`);
      return `${id}-${suffix}`;
    };
    this.written.push({
      type,
      key,
      ...(shape.text === true ? { textKey: beside('text', KEYWORD) } : {}),
      ...(shape.raw === true ? { rawKey: beside('raw', KEPT) } : {}),
    });
  }

  retire(gone: readonly string[]): void {
    if (!this.#ids) return;
    for (const named of gone.map(fieldName)) {
      for (const name of [named, ...SIBLINGS.map((suffix) => `${named}__${suffix}`)]) {
        if (this.properties[name] === undefined) this.#alias(name, NO_FIELD);
      }
    }
  }

  #put(key: string, field: FieldOptions): void {
    this.properties[key] = field;
    this.fieldCount++;
  }

  #alias(name: string, path: string): void {
    this.#put(name, { type: 'alias', path });
  }

  /** `name__keyword`, with more underscores where a column is called that. */
  #sibling(column: string, named: string, suffix: string): string {
    let between = '__';
    const taken = (): boolean => {
      const name = `${named}${between}${suffix}`;
      return this.#names.has(name) || this.properties[name] !== undefined;
    };
    while (taken()) between += '_';
    const sibling = `${named}${between}${suffix}`;
    if (between !== '__') {
      this.notes.push({ column, kind: 'sibling', text: `${named}__${suffix} is taken: it is found as ${sibling}` });
    }
    return sibling;
  }

  #note(column: string, named: string, shape: FieldType): void {
    if (named !== column) {
      this.notes.push({ column, kind: 'name', text: `OpenSearch takes no such name: it is found as ${named}` });
    }
    if (shape.note !== undefined) this.notes.push({ column, ...shape.note });
  }
}
