import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MigrationSet } from '../../src/migrate/migration.ts';
import { newestMajor } from '../support/majors.ts';
import type { TestDatabase } from '../support/test-database.ts';
import { testDatabases } from '../support/test-databases.ts';
import { functionText, install, newerMigrations } from './support/install.ts';
import { schemaDump } from './support/schema-dump.ts';

type Walked = Extract<MigrationSet, 'core' | 'injector'>;

const VERSIONS = ['absent', 'installed', 'upgraded'] as const;

/** Every way to put the three steps of one set between those of the other. */
function orders(core: number, injector: number): Walked[][] {
  if (core === 0 && injector === 0) return [[]];
  return [
    ...(core > 0 ? orders(core - 1, injector).map((rest): Walked[] => ['core', ...rest]) : []),
    ...(injector > 0 ? orders(core, injector - 1).map((rest): Walked[] => ['injector', ...rest]) : []),
  ];
}

/** All that a set could have overwritten of the other: definitions, comments, rights, what the triggers do, what is recorded. */
async function catalog(source: TestDatabase): Promise<string[]> {
  const triggers = await source.query(
    'select evtname, evtevent, evtenabled, evtfoid::regproc::text from pg_event_trigger order by 1',
  );
  const records = await source.query(
    `select case when to_regclass('walcast.schema_migrations') is null then '' else (xpath('//text()', query_to_xml(
      'select string_agg(concat_ws('' '', set, version, name, checksum), '', '' order by set, version) from walcast.schema_migrations', true, true, '')))[1]::text end as all`,
  );
  return [...(await schemaDump(source)), JSON.stringify(triggers), JSON.stringify(records)];
}

describe('core and injector', () => {
  let newer: string;
  /** By the versions of both: what the shortest way to them gives. */
  const expected = new Map<string, string[]>();

  beforeAll(async () => {
    const replaced = async (set: Walked, name: string): Promise<string> =>
      `${(await functionText(set, name)).replace('\nbegin\n', '\nbegin\n  -- newer\n')}\ncomment on function walcast.${name} is 'newer';`;
    newer = await newerMigrations({
      core: {
        replaced: { up: await replaced('core', 'emit'), down: 'select 1;' },
        added: { up: 'create table walcast.core_added (id int primary key);', down: 'drop table walcast.core_added;' },
      },
      injector: {
        replaced: { up: await replaced('injector', 'keep_table_ids'), down: 'select 1;' },
        added: {
          up: 'create table walcast.injector_added (id int primary key);',
          down: 'drop table walcast.injector_added;',
        },
      },
    });
    await Promise.all(
      [0, 1, 2].flatMap((core) =>
        [0, 1, 2].map(async (injector) => {
          const { source, dispose } = await testDatabases({ major: newestMajor() });
          const step = (set: Walked, version: number): { set: Walked; folder?: string }[] =>
            version === 0 ? [] : [{ set, ...(version === 2 ? { folder: newer } : {}) }];
          await install(source, ...step('core', core), ...step('injector', injector));
          expected.set(`${core}${injector}`, await catalog(source));
          await dispose();
        }),
      ),
    );
  }, 120_000);
  afterAll(() => rm(newer, { recursive: true }));

  it('differ in the catalog wherever their versions do', () => {
    expect(new Set([...expected.values()].map((lines) => lines.join('\n'))).size).toBe(9);
  });

  it.each(orders(3, 3).map((order) => [order.map((set) => set.slice(0, 1)).join(' '), order] as const))(
    'give the same catalog at each step of %s',
    async (_, order) => {
      const { source, dispose } = await testDatabases({ major: newestMajor() });
      try {
        const versions: Record<Walked, number> = { core: 0, injector: 0 };
        for (const set of order) {
          const remove = versions[set] === 2;
          await install(source, { set, remove, ...(versions[set] === 0 ? {} : { folder: newer }) });
          versions[set] = remove ? 0 : versions[set] + 1;
          const found = await catalog(source);
          const state = `core ${VERSIONS[versions.core]}, injector ${VERSIONS[versions.injector]}`;
          expect(found, state).toEqual(expected.get(`${versions.core}${versions.injector}`));
        }
      } finally {
        await dispose();
      }
    },
    60_000,
  );
});
