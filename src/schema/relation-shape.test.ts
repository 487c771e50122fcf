import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { SHAPE_EXPRESSION } from './relation-shape.ts';

const words = (sql: string): string => sql.replaceAll(/\s+/g, ' ').trim();

test.each([
  ['core/0010_relation_metadata', 'c.oid = relation'],
  ['target/0010_relation_shape', 'n.nspname = schema_name and c.relname = relation_name'],
])('%s prints the very expression that every other side uses', (file, condition) => {
  const migration = readFileSync(new URL(`../../migrations/${file}.up.sql`, import.meta.url), 'utf8');
  expect(words(migration)).toContain(
    words(
      `select ${SHAPE_EXPRESSION} from pg_class c join pg_namespace n on n.oid = c.relnamespace where ${condition}`,
    ),
  );
});
