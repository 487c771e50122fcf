import type { FoundStatement } from '../../../ddl/statement-finder.ts';
import type { DdlCommandEvent } from '../../../wal/ddl-event.ts';
import type { PendingIndex } from '../concurrent-index.ts';

/** The indexes that a CREATE or DROP INDEX CONCURRENTLY makes or drops, from the source's catalog; empty for every other statement. */
export function laterIndexes({ statement }: FoundStatement, { details }: DdlCommandEvent): PendingIndex[] {
  const { kind, node } = statement;
  if ((kind !== 'IndexStmt' && kind !== 'DropStmt') || node['concurrent'] !== true) return [];
  const made = (details?.commands ?? []).flatMap(({ type, definition, schema }) =>
    type === 'index' && definition !== undefined && schema !== undefined
      ? [{ schema, index: nameIn(definition), definition }]
      : [],
  );
  const dropped = (details?.dropped ?? []).flatMap(({ type, schema, names }) => {
    const index = names?.at(-1);
    return type === 'index' && schema !== undefined && index !== undefined ? [{ schema, index, definition: null }] : [];
  });
  return kind === 'IndexStmt' ? made : dropped;
}

/** `CREATE [UNIQUE] INDEX name ON …`, as pg_get_indexdef prints it: quoted only where it has to be. */
function nameIn(definition: string): string {
  const [, quoted, plain] = /^CREATE (?:UNIQUE )?INDEX (?:"((?:[^"]|"")*)"|(\S+)) ON /.exec(definition) ?? [];
  return quoted?.replaceAll('""', '"') ?? plain ?? '';
}
