import { WalcastError } from '../../../errors/walcast-error.ts';
import { DATE_FORMAT, KEYWORD, type FieldOptions, type FieldType } from './field-types.ts';

/** What a user wants of a field, laid over what its type would give. */
export function withOptions(base: FieldType, options: FieldOptions | undefined, column: string): FieldType {
  if (options === undefined || Object.keys(options).length === 0) return base;
  const type = options['type'] ?? base.field['type'];
  if (type === 'alias' || type === 'nested' || type === 'object') {
    throw new WalcastError(
      'E_CONFIG',
      `column ${column}: a field of type ${String(type)} can't be found by the column's name`,
      {
        hint: 'Leave the type out: JSON becomes a flat_object, whose keys are searched as `column.key`.',
      },
    );
  }
  if (type === base.field['type']) return { ...base, field: merged(base.field, options) };
  // Another type: nothing of the old one holds for it but the sub-fields that the user names.
  const defaults = DEFAULTS[String(type)];
  const compared = defaults !== undefined && defaults !== KEYWORD;
  return { field: { ...defaults, ...options }, ...(compared && base.text === true ? { text: true } : {}) };
}

/** What keeps a field of a chosen type from refusing documents. */
const DEFAULTS: Readonly<Record<string, FieldOptions>> = {
  keyword: KEYWORD,
  date: { format: DATE_FORMAT, ignore_malformed: true },
  date_nanos: { format: DATE_FORMAT, ignore_malformed: true },
  ip: { ignore_malformed: true },
  geo_point: { ignore_malformed: true },
  ...Object.fromEntries(
    ['byte', 'short', 'integer', 'long', 'unsigned_long', 'half_float', 'float', 'double', 'scaled_float'].map(
      (type) => [type, { ignore_malformed: true }],
    ),
  ),
};

function merged(base: FieldOptions, options: FieldOptions): FieldOptions {
  const fields = {
    ...(base['fields'] as FieldOptions | undefined),
    ...(options['fields'] as FieldOptions | undefined),
  };
  return { ...base, ...options, ...(Object.keys(fields).length === 0 ? {} : { fields }) };
}

/** Options for columns that the table doesn't have. */
export function unknownFields(
  options: Readonly<Record<string, FieldOptions>>,
  columns: readonly { readonly name: string }[],
): string[] {
  const names = new Set(columns.map(({ name }) => name));
  return Object.keys(options).filter((name) => !names.has(name));
}
