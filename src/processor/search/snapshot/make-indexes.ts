import { WalcastError } from '../../../errors/walcast-error.ts';
import type { Cut, SchemaScript, SnapshotTable } from '../../../wal/snapshot.ts';
import type { TableMetadata } from '../../../wal/table-metadata.ts';
import { withoutInjector } from '../ddl/schema-changes.ts';
import { unknownFields } from '../mapping/field-options.ts';
import type { SearchSession } from '../search-session.ts';
import { isShared } from '../tables/alias-name.ts';
import { tableName, type TableShape } from '../tables/table-shape.ts';

/** Makes the indexes of all tables, empty and without their names. Returns the tables whose rows are to be copied. */
export async function makeIndexes(
  session: SearchSession,
  { tables: copied }: Pick<SchemaScript, 'tables'>,
  schema: Pick<Cut, 'until'>,
  loading = true,
): Promise<SnapshotTable[]> {
  const { admin, names, tables, options } = session;
  const ids = await session.catalog.tableIds(schema.until);
  if (ids === null) throw withoutInjector(options.name);
  const byOid = new Map(ids.map((each) => [each.oid, each]));
  const roots = (await session.catalog.allRelations()).filter(
    ({ kind, partition_bound: bound }) => kind === 'p' && bound === undefined,
  );
  await admin.remove(await admin.names(names.tables));
  const members = new Map<number, number[]>();
  const shapes: TableShape[] = [];
  const followed: SnapshotTable[] = [];
  const add = async (metadata: TableMetadata, id: string): Promise<void> => {
    requireColumns(session, metadata);
    const shape = await tables.shapeOf(metadata, id, null);
    shapes.push({ ...shape, members: members.get(metadata.oid) ?? [] });
  };
  for (const table of copied) {
    const { oid, metadata } = table;
    const id = byOid.get(oid);
    if (id === undefined) {
      if (tables.optionsOf(metadata).skip) continue;
      throw new WalcastError('E_SEARCH_INJECTOR', `table ${tableName(metadata)} of the source has no id`, {
        fields: { table: tableName(metadata), target: options.name },
      });
    }
    if (id.root === oid) {
      if (tables.optionsOf(metadata).skip) continue;
      await add(metadata, id.id);
    } else members.set(id.root, [...(members.get(id.root) ?? []), oid]);
    followed.push(table);
  }
  for (const root of roots) {
    const id = byOid.get(root.oid);
    if (id !== undefined && !tables.optionsOf(root).skip) await add(root, id.id);
  }
  requireNames(session, shapes);
  const keyed = new Set<number>();
  for (const shape of shapes) {
    await tables.create(shape, { loading });
    if (shape.key === null) session.warnUnfollowed(shape);
    else for (const oid of [shape.oid, ...shape.members]) keyed.add(oid);
  }
  return followed.filter(({ oid }) => keyed.has(oid));
}

/** What the user says of columns that a table does not have is a mistake. */
function requireColumns({ tables, options }: SearchSession, metadata: TableMetadata): void {
  const { fields, routing } = tables.optionsOf(metadata);
  const columns = metadata.columns ?? [];
  const unknown = unknownFields(fields, columns);
  if (routing !== undefined && !columns.some(({ name }) => name === routing)) unknown.push(routing);
  if (unknown.length === 0) return;
  throw new WalcastError(
    'E_CONFIG',
    `target ${options.name}: table ${tableName(metadata)} has no column ${unknown.join(', ')}`,
    {
      hint: `opensearch.tables names columns that the table does not have; it has ${columns.map(({ name }) => name).join(', ')}.`,
    },
  );
}

function requireNames({ tables, options }: SearchSession, shapes: readonly TableShape[]): void {
  if (isShared(options.index)) return;
  const taken = new Map<string, TableShape>();
  for (const shape of shapes) {
    const alias = tables.aliasOf(shape);
    if (alias === null) continue;
    const other = taken.get(alias);
    if (other !== undefined)
      throw new WalcastError(
        'E_SEARCH_NAME',
        `${tableName(other)} and ${tableName(shape)} would both be found as ${alias}`,
        { fields: { table: tableName(shape), target: options.name } },
      );
    taken.set(alias, shape);
  }
}
