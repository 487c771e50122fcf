import { WalcastError } from '../../errors/walcast-error.ts';
import { sqlstateOf } from '../../postgres/client.ts';
import type { SqlSession } from '../../postgres/sql-session.ts';
import type { DdlDetails } from '../../wal/ddl-event.ts';
import { NO_AUTHOR, type SchemaStatement } from '../../wal/snapshot.ts';
import type { TableMetadata } from '../../wal/table-metadata.ts';
import { readAggregates } from './aggregates.ts';
import { readCasts, readConversions } from './casts.ts';
import type { CatalogObject, ObjectKey } from './catalog-object.ts';
import { readUnvalidated } from './checks.ts';
import { readCollations } from './collations.ts';
import { readDefaults } from './columns.ts';
import { describeObjects } from './comments.ts';
import { readDefaultPrivileges } from './default-privileges.ts';
import { Dependencies } from './dependencies.ts';
import { readDomains } from './domains.ts';
import { readExtensions } from './extensions.ts';
import { readForeignKeys } from './foreign-keys.ts';
import { readForeign } from './foreign.ts';
import { readFunctions } from './functions.ts';
import { readGrants } from './grants.ts';
import { readIndexes } from './indexes.ts';
import { readAccessMethods, readLanguages, readTransforms } from './languages.ts';
import { reportLeftOut } from './left-out.ts';
import { readOperatorClasses } from './operator-classes.ts';
import { readOperators } from './operators.ts';
import { readPolicies } from './policies.ts';
import type { CatalogReader, SchemaFinding } from './reader.ts';
import { readRefreshes } from './refresh.ts';
import { readSchemas } from './schemas.ts';
import { scriptOrder, type Step } from './script-order.ts';
import { readSequences } from './sequences.ts';
import { readStatistics } from './statistics.ts';
import { readTables } from './tables.ts';
import { readTextSearch } from './text-search.ts';
import { readEventTriggers, readRules, readTriggers } from './triggers.ts';
import { readTypes } from './types.ts';
import { readViews } from './views.ts';

export interface RenderCatalogOptions {
  /**
   * In a REPEATABLE READ transaction, search_path pinned to pg_catalog. The server reads definitions as they are now and locks what views
   * mention until the transaction ends: it should end soon after, and whether the schema stood still has to be checked.
   */
  readonly session: SqlSession;
  /** By oid, for `details.relations`: tables, views, materialized views, foreign tables. */
  readonly tables: ReadonlyMap<number, TableMetadata>;
  /** server_version_num of the source. */
  readonly serverVersion: number;
  /** Major version of the oldest target, where it is known; else that of the source. */
  readonly targetMajor?: number;
  /** Position that the events carry, `H/L`. */
  readonly at?: string;
  /** What is left out, and why. */
  readonly report?: (finding: SchemaFinding) => void;
}

const READERS: readonly ((reader: CatalogReader) => Promise<CatalogObject[]>)[] = [
  // Indexes and views say first what is part of them.
  readIndexes,
  readViews,
  readDefaults,
  readDomains,
  readSchemas,
  readAccessMethods,
  readExtensions,
  readCollations,
  readConversions,
  readTypes,
  readLanguages,
  readFunctions,
  readAggregates,
  readOperators,
  readOperatorClasses,
  readCasts,
  readTransforms,
  readTextSearch,
  readForeign,
  readSequences,
  readTables,
  readUnvalidated,
  readForeignKeys,
  readStatistics,
  readRules,
  readTriggers,
  readPolicies,
  readEventTriggers,
  readRefreshes,
  readGrants,
  readDefaultPrivileges,
];

/** Undefined table or object, or a failed look-up: functions read the catalogs as they are now. */
const SCHEMA_MOVED = new Set(['42P01', '42704', 'XX000']);

const QUOTE_ALL = `select set_config('quote_all_identifiers', $1, true)`;

/**
 * The schema of a database as the statements that make it, without schema `walcast`, members of extensions, roles and tablespaces. Every name
 * is quoted, as a later version may have more keywords.
 */
export async function renderCatalog(options: RenderCatalogOptions): Promise<SchemaStatement[]> {
  const { session } = options;
  const before =
    (await session.query(`select current_setting('quote_all_identifiers') as value`)).rows[0]?.['value'] ?? 'off';
  await session.query(QUOTE_ALL, ['on']);
  try {
    const steps = await readSteps(options);
    await session.query(QUOTE_ALL, [before]);
    return toStatements(steps, options);
  } catch (error) {
    if (!SCHEMA_MOVED.has(sqlstateOf(error) ?? '')) throw error;
    throw new WalcastError(
      'E_SNAPSHOT_SCHEMA',
      'objects of the source were changed or dropped while its schema was read',
      {
        cause: error,
      },
    );
  }
}

async function readSteps({ session, serverVersion, targetMajor, report }: RenderCatalogOptions): Promise<Step[]> {
  const major = Math.trunc(serverVersion / 10_000);
  const dependencies = await Dependencies.read(session);
  const reader: CatalogReader = {
    session,
    major,
    targetMajor: targetMajor ?? major,
    dependencies,
    report: report ?? (() => undefined),
  };
  const objects: CatalogObject[] = [];
  for (const read of READERS) objects.push(...(await read(reader)));
  const described = await describeObjects(reader, objects);
  await reportLeftOut(reader, described);
  return scriptOrder(described, needsOf(described, dependencies));
}

function needsOf(
  objects: readonly CatalogObject[],
  dependencies: Dependencies,
): (object: CatalogObject) => Set<ObjectKey> {
  const preceded = new Map<ObjectKey, ObjectKey[]>();
  for (const { key, precedes = [] } of objects)
    for (const later of precedes) preceded.set(later, [...(preceded.get(later) ?? []), key]);
  return ({ key, requires = [], ignores = [] }) => {
    const needs = dependencies.of(key);
    for (const ignored of ignores) needs.delete(ignored);
    for (const need of [...requires, ...(preceded.get(key) ?? [])]) needs.add(need);
    needs.delete(key);
    return needs;
  };
}

function toStatements(
  steps: readonly Step[],
  { serverVersion, at = '0/0', tables }: RenderCatalogOptions,
): SchemaStatement[] {
  let count = 0;
  return steps.flatMap(({ object, section, statements }) => {
    const table = object.relation === undefined ? undefined : tables.get(object.relation);
    const details: DdlDetails = { relations: table === undefined ? [] : [table] };
    return statements.map(
      ({ tag, text, settings = {}, role = NO_AUTHOR, commands }): SchemaStatement => ({
        section,
        event: {
          v: 1,
          kind: 'ddl',
          phase: 'end',
          tag,
          iso: false,
          server_version_num: serverVersion,
          at,
          caller: { role, search_path: '', settings },
          text_id: `snapshot:${count++}`,
          text,
          details: commands === undefined ? details : { ...details, commands },
        },
      }),
    );
  });
}
