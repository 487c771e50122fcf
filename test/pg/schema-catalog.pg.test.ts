import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareDatabases } from '../support/compare.ts';
import { testMajors } from '../support/majors.ts';
import { zooStatements } from '../support/schema-zoo.ts';
import { type DatabasePair, testDatabases } from '../support/test-databases.ts';
import { type Rendered, renderSchema, runStatements } from './support/catalog-copy.ts';

describe.each(testMajors())('PostgreSQL %i: the schema as the catalog tells it', (major) => {
  let zoo: DatabasePair;
  let rendered: Rendered;

  beforeAll(async () => {
    zoo = await testDatabases({ major });
    for (const sql of zooStatements(major)) await zoo.source.query(sql);
    rendered = await renderSchema(zoo.source);
  });
  afterAll(() => zoo.dispose());

  it('makes an equal schema, statement by statement', async () => {
    expect(await runStatements(rendered.statements, zoo.target)).toEqual([]);
    expect((await compareDatabases(zoo.source, zoo.target)).schema).toEqual([]);
    expect(rendered.findings).toEqual([]);
  });
});
