import { quoteLiteral } from '../../../src/sql/quote.ts';
import type { Context } from './context.ts';
import type { Column } from './world.ts';

const BUILT_IN = [
  'int',
  'bigint',
  'text',
  'varchar(40)',
  'numeric(12,3)',
  'boolean',
  'date',
  'timestamptz',
  'uuid',
  'jsonb',
  'int[]',
  'bytea',
  'double precision',
  'interval',
  'smallint',
  'inet',
  'int4range',
  'text[]',
  'char(5)',
  'timestamp(3)',
  'time',
];

const SAMPLES: readonly (readonly [pattern: RegExp, values: readonly string[]])[] = [
  [/^(smallint)$/, ['0', '-7', '32000']],
  [/^(integer|bigint)$/, ['0', '-1', '42']],
  [/^(text|character varying|character)(\(\d+\))?$/, [`'a'`, `''`, `'é''x'`, `E'\\\\n'`]],
  [/^numeric/, ['1.500', '-0.001', `'NaN'`]],
  [/^boolean$/, ['true', 'false']],
  [/^date$/, [`'2024-02-29'`, `'-infinity'`, `'0044-03-15 BC'`]],
  [/^timestamp/, [`'2024-02-29 12:00:00.123456+00'`, `'infinity'`]],
  [/^uuid$/, [`'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'`]],
  [/^jsonb$/, [`'{"a": [1.10, null, "é"]}'`, `'1e400'`, `'null'`]],
  [/^integer\[\]$/, [`'{1,NULL,3}'`, `'[0:1]={5,6}'`, `'{}'`]],
  [/^text\[\]$/, [`'{a,NULL,"b,c"}'`, `'{}'`]],
  [/^bytea$/, [`'\\x00ff'`]],
  [/^double precision$/, [`'-0'`, '0.1', `'NaN'`]],
  [/^interval/, [`'1 mon -3 days 04:05:06.7'`]],
  [/^inet$/, [`'10.0.0.1/8'`]],
  [/^int4range$/, [`'[1,5)'`, `'empty'`]],
  [/^time/, [`'23:59:59.5'`]],
];

export function anyType(c: Context): string {
  const { draw, world } = c;
  const own = world.types.filter(({ kind, labels }) => kind !== 'e' || labels.length > 0);
  if (own.length > 0 && draw.chance(0.25)) return draw.pick(own).sql;
  return draw.pick(BUILT_IN);
}

/** As SQL that fits the type; null where none is known. `spread`: hardly ever the same one twice. */
export function valueOf(
  c: Context,
  column: Pick<Column, 'type' | 'kind' | 'labels' | 'base'>,
  spread = false,
): string | null {
  const { draw } = c;
  if (column.kind === 'e') return column.labels.length === 0 ? null : quoteLiteral(draw.pick(column.labels));
  const type = column.kind === 'd' ? (column.base ?? '') : column.type;
  if (column.kind === 'c') return null;
  if (spread) {
    if (/^(integer|bigint)$/.test(type)) return String(draw.int(1, 2_000_000_000));
    if (/^text$/.test(type)) return `'${draw.int(1, 2_000_000_000).toString(36)}'`;
    if (type === 'uuid') return `md5('${draw.int(1, 2_000_000_000)}')::uuid`;
  }
  const sample = SAMPLES.find(([pattern]) => pattern.test(type));
  return sample === undefined ? null : draw.pick(sample[1]);
}

/** For existing rows, also of types that are not known. */
export function defaultOf(c: Context, type: string): string | null {
  const known = c.world.types.find(({ sql }) => sql === type);
  const shown = type
    .replace(/^int$/, 'integer')
    .replace(/^int\[\]$/, 'integer[]')
    .replace(/^varchar/, 'character varying');
  return valueOf(c, { type: shown, kind: known?.kind ?? 'b', labels: known?.labels ?? [], base: known?.base ?? null });
}
