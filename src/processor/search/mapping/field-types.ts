import { withoutDomains, type ValueType } from '../../../documents/types/value-type.ts';
import { rangeDomain } from '../../../documents/values/range-bounds.ts';

export type FieldOptions = Readonly<Record<string, unknown>>;

/** How values of a type are indexed. */
export interface FieldType {
  /** As a mapping says it. Sub-fields are in `fields`. */
  readonly field: FieldOptions;
  /** JSON is kept beside as text where the index does not take it as it is. */
  readonly raw?: boolean;
  /** What the index can't compare is kept beside. */
  readonly text?: boolean;
  /** Why a person may be surprised. */
  readonly note?: { readonly kind: 'keyword' | 'not-searchable'; readonly text: string };
}

/** Lucene takes 32,766 bytes a term, and a character may have 4: longer values are kept and not found by their exact text. */
const TERM_CHARACTERS = 8191;

export const KEYWORD: FieldOptions = { type: 'keyword', ignore_above: TERM_CHARACTERS };
/** What is only kept: JSON beside its field. */
export const KEPT: FieldOptions = { type: 'keyword', index: false, doc_values: false };

export const DATE_FORMAT = 'strict_date_optional_time';
export const TSVECTOR_ANALYZER = 'walcast_tsvector';

/** Tokens are the lexemes of `'a b':1,2B 'c'`, without positions and weights. */
export const ANALYSIS = {
  tokenizer: {
    walcast_tsvector: { type: 'pattern', pattern: "'((?:[^']++|'')++)'(?::[0-9A-D,]++)?", group: 1 },
  },
  analyzer: { [TSVECTOR_ANALYZER]: { type: 'custom', tokenizer: 'walcast_tsvector' } },
};

/** Should a value still not be of its field's kind, its document is not refused. */
const LENIENT = { ignore_malformed: true };
const FLAT: FieldType = { field: { type: 'flat_object' }, raw: true };

export function fieldType(of: ValueType): FieldType {
  const type = withoutDomains(of);
  switch (type.kind) {
    case 'boolean':
      return { field: { type: 'boolean' } };
    case 'integer':
      // One size for all: a column that becomes larger needs no other field.
      return { field: { type: 'long' } };
    case 'numeric':
      // A double tells 15 digits apart, the keyword all of them.
      return { field: { type: 'double', ...LENIENT, fields: { keyword: KEYWORD } }, text: true };
    case 'money':
      return { field: { type: 'double', ...LENIENT, fields: { keyword: KEYWORD } } };
    case 'float8':
      return { field: { type: 'double', ...LENIENT }, text: true };
    case 'float4':
      return { field: { type: 'float', ...LENIENT }, text: true };
    case 'text':
      return { field: { type: 'text', fields: { keyword: KEYWORD } } };
    case 'citext':
      return { field: { type: 'text', fields: { keyword: { ...KEYWORD, normalizer: 'lowercase' } } } };
    case 'date':
    case 'timestamp':
    case 'timestamptz':
      // A date is compared in milliseconds, the keyword to the last digit.
      return {
        field: { type: 'date', format: DATE_FORMAT, ...LENIENT, fields: { keyword: KEYWORD } },
        text: true,
      };
    case 'keyword':
    case 'byte':
    case 'uuid':
    case 'enum':
    case 'time':
    case 'timetz':
    case 'interval':
    case 'bit':
    case 'macaddr':
    case 'point':
    case 'geometric':
      return { field: KEYWORD };
    case 'inet':
      return { field: { type: 'ip', ...LENIENT }, text: true };
    case 'cidr':
      return { field: { type: 'ip_range', fields: { keyword: KEYWORD } } };
    case 'bytea':
      return {
        field: { type: 'binary' },
        note: { kind: 'not-searchable', text: 'bytea is kept in base64 and not searched; `type: keyword` makes it so' },
      };
    case 'tsvector':
      return { field: { type: 'text', analyzer: TSVECTOR_ANALYZER, search_analyzer: 'keyword' } };
    case 'vector':
      return {
        field: { type: 'float', index: false, doc_values: false },
        note: { kind: 'not-searchable', text: 'a vector is kept and not searched; `type: knn_vector` makes it so' },
      };
    case 'json':
    case 'jsonb':
    case 'hstore':
    case 'composite':
      return FLAT;
    case 'range':
    case 'multirange':
      return rangeField(type.subtype);
    case 'array':
      return fieldType(type.element);
    case 'other':
      return {
        field: KEYWORD,
        note: { kind: 'keyword', text: 'nothing is known of its type: the text is kept as a keyword' },
      };
    default:
      return type satisfies never;
  }
}

function rangeField(subtype: ValueType): FieldType {
  const domain = rangeDomain(subtype);
  switch (domain) {
    case undefined:
      return { field: KEYWORD, note: { kind: 'keyword', text: 'ranges of this type are kept as text, as a keyword' } };
    case 'integer':
      return { field: { type: 'long_range' }, text: true };
    case 'number':
      return { field: { type: 'double_range' }, text: true };
    case 'time':
      return { field: { type: 'date_range', format: DATE_FORMAT }, text: true };
    default:
      return domain satisfies never;
  }
}
