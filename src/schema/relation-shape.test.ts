import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { SHAPE_EXPRESSION } from './relation-shape.ts';

const words = (sql: string): string => sql.replaceAll(/\s+/g, ' ').trim();

test('the target is asked with the very expression that the triggers of the source use', () => {
  const migration = readFileSync(
    new URL('../../migrations/core/0010_relation_metadata.up.sql', import.meta.url),
    'utf8',
  );
  expect(words(migration)).toContain(
    words(
      `select ${SHAPE_EXPRESSION} from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = relation`,
    ),
  );
});
