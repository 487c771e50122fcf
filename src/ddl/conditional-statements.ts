import type { DdlCommandEvent } from '../wal/ddl-event.ts';
import { type Ast, child, listOf, nameParts, textOf } from './ast.ts';
import { identifiers, RENAMED_INSIDE } from './statement-names.ts';

/** IF EXISTS, IF NOT EXISTS: it may have done nothing, and brought no event. */
export function isConditional(node: Ast): boolean {
  return [node, child(node, 'base')].some((part) => part?.['missing_ok'] === true || part?.['if_not_exists'] === true);
}

/**
 * Can an ALTER … IF EXISTS be the one of this event, which is about an object in a schema? One of the same name in another schema may stand
 * before it and have brought none. True for all other statements.
 */
export function meansObjectOf({ kind, node }: { kind: string; node: Ast }, event: DdlCommandEvent): boolean {
  const path = node['missing_ok'] === true ? pathOf(kind, node) : null;
  if (path === null) return true;
  return objectPaths(event).some(
    (object) =>
      object.at(-1) === path.at(-1) &&
      (object.length < 2 || (path.length < 2 ? searched(event, object.at(-2)) : object.at(-2) === path.at(-2))),
  );
}

/** The name, as far as it is qualified, under which the event knows what the statement changed. */
function pathOf(kind: string, node: Ast): string[] | null {
  const relation = child(node, 'relation') ?? child(node, 'sequence');
  const name = textOf(relation, 'relname');
  const schema = textOf(relation, 'schemaname');
  const path = (...parts: (string | undefined)[]): string[] => parts.filter((part) => part !== undefined);
  switch (kind) {
    case 'AlterTableStmt':
    case 'AlterSeqStmt':
      return name === undefined ? null : path(schema, name);
    case 'RenameStmt': {
      if (name === undefined) return null;
      return path(schema, RENAMED_INSIDE.has(textOf(node, 'renameType') ?? '') ? name : textOf(node, 'newname'));
    }
    case 'AlterObjectSchemaStmt':
      return name === undefined ? null : path(textOf(node, 'newschema'), name);
    case 'AlterStatsStmt':
      return nameParts(listOf(node, 'defnames'));
    default:
      return null;
  }
}

function objectPaths({ details }: DdlCommandEvent): string[][] {
  const { commands = [], relations = [] } = details ?? {};
  return [
    ...relations.map(({ schema, name }) => [schema, name]),
    ...commands.flatMap(({ identity = '', sub }) =>
      identifiers(identity).map((chain) => (sub === undefined ? chain : chain.slice(0, -1))),
    ),
  ];
}

/** Does a name without schema reach this one? */
function searched({ caller }: DdlCommandEvent, schema: string | undefined): boolean {
  const named = [...caller.search_path.matchAll(/"((?:[^"]|"")*)"|[^\s,"]+/g)].map(([all, quoted]) =>
    (quoted ?? all).replaceAll('""', '"'),
  );
  return ['pg_catalog', ...named].some((name) => (name === '$user' ? caller.role : name) === schema);
}
