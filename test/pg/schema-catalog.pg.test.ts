import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareDatabases } from '../support/compare.ts';
import { testMajors } from '../support/majors.ts';
import { prepareSource } from '../support/pipeline.ts';
import { zooStatements } from '../support/schema-zoo.ts';
import type { TestDatabase } from '../support/test-database.ts';
import { type DatabasePair, testDatabases } from '../support/test-databases.ts';
import { type Rendered, renderSchema, runStatements, shapeDifferences } from './support/catalog-copy.ts';

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
    expect(await shapeDifferences(zoo.source, zoo.target)).toEqual([]);
    expect(rendered.findings).toEqual([]);
  });

  it('is told the same to a user without rights, but for what only the owner of a server may see', async () => {
    const { statements, findings } = await renderSchema(zoo.source, { user: 'app' });
    const texts = (all: Rendered['statements']): string[] =>
      all.flatMap(({ event: { text = '' } }) => (text.startsWith('CREATE USER MAPPING') ? [] : [text]));
    expect(texts(statements)).toEqual(texts(rendered.statements));
    expect(findings).toEqual([
      'USER MAPPING FOR "alice" SERVER "far": made without its options: the reading role may not see whether it has any',
    ]);
  });

  it('has tables with their metadata and says which section a statement belongs to', () => {
    const made = rendered.statements.filter(({ event }) => event.tag === 'CREATE TABLE');
    for (const { section, event } of made) {
      expect(section).toBe('pre-data');
      const [table] = event.details?.relations ?? [];
      if (table !== undefined && !event.text?.includes('walcast_order_'))
        expect(event.text).toContain(`"${table.name.replaceAll('"', '""')}"`);
    }
    expect(made.filter(({ event }) => event.details?.relations?.length === 1).length).toBeGreaterThan(40);
    const late = rendered.statements.filter(({ section }) => section === 'post-data').map(({ event }) => event.tag);
    expect(new Set(late)).toContain('CREATE INDEX');
    expect(rendered.statements.findIndex(({ section }) => section === 'post-data')).toBe(
      rendered.statements.length - late.length,
    );
  });
});

describe.each(testMajors())('PostgreSQL %i: what the catalog holds beside the schema', (major) => {
  const copied = async (
    prepare: (source: TestDatabase, target: TestDatabase) => Promise<void>,
  ): Promise<{ readonly findings: readonly string[]; readonly texts: readonly string[]; readonly schema: unknown }> => {
    const { source, target, dispose } = await testDatabases({ major });
    try {
      await prepare(source, target);
      const { statements, findings } = await renderSchema(source);
      expect(await runStatements(statements, target)).toEqual([]);
      const { schema } = await compareDatabases(source, target);
      return { findings, schema, texts: statements.map(({ event }) => event.text ?? '') };
    } finally {
      await dispose();
    }
  };

  it('leaves out what walcast itself installed', async () => {
    const { texts, findings, schema } = await copied(async (source) => {
      await source.query('create table t (id int primary key)');
      await prepareSource(source, `catalog_${major}`);
    });
    expect(texts.filter((text) => text.includes('walcast'))).toEqual([]);
    expect({ findings, schema }).toEqual({ findings: [], schema: [] });
  });

  it.each([
    ['view', 'create view x as select 1 as a', 'drop view x'],
    ['function', 'create function x() returns int language sql as $$ select 1 $$', 'drop function x()'],
    ['index', 'create table t (a int); create index x on t (a)', 'drop index x'],
  ])('asks for another snapshot when a %s is dropped meanwhile', async (_, create, drop) => {
    const { source, dispose } = await testDatabases({ major });
    try {
      await source.query(create);
      const rendered = renderSchema(source, { meanwhile: () => source.query(drop) });
      await expect(rendered).rejects.toMatchObject({ code: 'E_SNAPSHOT_SCHEMA', retryable: true });
    } finally {
      await dispose();
    }
  });

  it('tells of what it leaves out', async () => {
    const { findings, schema } = await copied(async (source) => {
      await source.query('create table t (a int); insert into t values (1), (1)');
      await source.query('create unique index concurrently broken on t (a)').catch(() => undefined);
      await source.query('create function pg_catalog.sneaked() returns int language sql as $$ select 1 $$');
      await source.query(
        'create materialized view dry as select 1 as a; create materialized view on_dry as select * from dry; refresh materialized view dry with no data',
      );
    });
    expect(findings).toEqual([
      'INDEX "public"."broken": is invalid on the source and left out: REINDEX or drop it there',
      'MATERIALIZED VIEW "public"."on_dry": stays empty: it reads "public"."dry", which holds no data on the source any more',
      'function "sneaked"(): is left out: it is in a schema of the system',
    ]);
    expect(schema).toEqual([]);
  });

  it.runIf(major >= 15)('keeps everything in its tablespace', async () => {
    const { findings, schema } = await copied(async (...both) => {
      for (const database of both) {
        const client = await database.client();
        await client.query('set allow_in_place_tablespaces = on');
        const known = await client.query(`select from pg_tablespace where spcname = 'zoo ;space'`);
        if (known.rowCount === 0) await client.query(`create tablespace "zoo ;space" location ''`);
        await client.end();
      }
      await both[0].query(
        `create table t (a int primary key using index tablespace "zoo ;space", b int4range, c int, exclude using gist (b with &&) using index tablespace "zoo ;space" where (a > 0)) tablespace "zoo ;space";
         create index on t (c) tablespace "zoo ;space" where c > 0; create unique index u on t (c) with (fillfactor = 50) tablespace "zoo ;space"; alter table t add constraint u unique using index u;
         create materialized view m tablespace "zoo ;space" as select * from t; create index on m (a) tablespace "zoo ;space";
         create table p (a int) partition by list (a) tablespace "zoo ;space"; create table p1 partition of p for values in (1); create index on p (a) tablespace "zoo ;space"`,
      );
    });
    expect({ findings, schema }).toEqual({ findings: [], schema: [] });
  });
});
