import { describe, expect, it } from 'vitest';
import { compareDatabases } from '../support/compare.ts';
import { testMajors } from '../support/majors.ts';
import { ODD_SCHEMA } from '../support/schema-zoo-odd.ts';
import { testDatabases } from '../support/test-databases.ts';
import { renderSchema, runStatements, shapeDifferences } from './support/catalog-copy.ts';

const cases = testMajors().flatMap((major) =>
  (['catalog', 'pg_dump'] as const).map((schemaSource) => ({ major, schemaSource })),
);

describe.each(cases)('PostgreSQL $major: the schema as $schemaSource tells it', ({ major, schemaSource }) => {
  it.each(
    ODD_SCHEMA.filter(
      ({ since = 0, beyondPgDump }) => major >= since && (schemaSource === 'catalog' || beyondPgDump === undefined),
    ),
  )('makes $name', async ({ sql }) => {
    const { source, target, dispose } = await testDatabases({ major });
    try {
      for (const statement of sql) await source.query(statement);
      const { statements, findings } = await renderSchema(source, { schemaSource });
      expect(await runStatements(statements, target)).toEqual([]);
      expect((await compareDatabases(source, target)).schema).toEqual([]);
      expect(await shapeDifferences(source, target)).toEqual([]);
      expect(findings).toEqual([]);
    } finally {
      await dispose();
    }
  });
});
