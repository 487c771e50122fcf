import type { DdlCommandEvent } from '../wal/ddl-event.ts';
import { type Ast, child, isAst, listOf, nameParts, textOf } from './ast.ts';

/** Kinds of RENAME after which the event still knows the object by the relation, not by the new name. */
export const RENAMED_INSIDE: ReadonlySet<string> = new Set([
  'OBJECT_COLUMN',
  'OBJECT_TABCONSTRAINT',
  'OBJECT_ATTRIBUTE',
  'OBJECT_DOMCONSTRAINT',
]);

/** Casts and transforms have no name: the events of their kind are theirs. No identifier holds a zero character. */
const UNNAMED_KINDS: Readonly<Record<string, string>> = {
  OBJECT_CAST: unnamed('cast'),
  OBJECT_TRANSFORM: unnamed('transform'),
};

function unnamed(type: string): string {
  return `\0${type}`;
}

/** Unqualified names of what a statement makes or changes; empty if it names nothing that an event would repeat. */
export function statementNames(kind: string, node: Ast): string[] {
  switch (kind) {
    case 'RenameStmt':
      return RENAMED_INSIDE.has(textOf(node, 'renameType') ?? '')
        ? relationNames(node)
        : present(textOf(node, 'newname'));
    case 'IndexStmt':
      return present(textOf(node, 'idxname'));
    case 'DropStmt':
      return unnamedKind(node, 'removeType') ?? listOf(node, 'objects').flatMap(objectNames);
    case 'CommentStmt':
      return unnamedKind(node, 'objtype') ?? objectNames(child(node, 'object'));
    case 'AlterOwnerStmt':
    case 'AlterObjectSchemaStmt':
    case 'AlterObjectDependsStmt':
    case 'SecLabelStmt':
      return relationNames(node).concat(objectNames(child(node, 'object')));
    case 'CreateFunctionStmt':
      return last(nameParts(listOf(node, 'funcname')));
    case 'AlterFunctionStmt':
      return objectNames(child(node, 'func'));
    case 'DefineStmt':
      return last(nameParts(listOf(node, 'defnames')));
    case 'CreateEnumStmt':
    case 'CreateRangeStmt':
    case 'AlterEnumStmt':
    case 'AlterTypeStmt':
    case 'AlterDomainStmt':
      return last(nameParts(listOf(node, 'typeName')));
    case 'CreateDomainStmt':
      return last(nameParts(listOf(node, 'domainname')));
    case 'CreateStatsStmt':
    case 'AlterStatsStmt':
      return last(nameParts(listOf(node, 'defnames')));
    case 'CreateTrigStmt':
      return present(textOf(node, 'trigname'));
    case 'RuleStmt':
      return present(textOf(node, 'rulename'));
    case 'CreatePolicyStmt':
    case 'AlterPolicyStmt':
      return present(textOf(node, 'policy_name'));
    case 'GrantStmt':
    case 'AlterDefaultPrivilegesStmt':
    case 'CreateUserMappingStmt': // whose identity has the name of the server without its quotes
    case 'AlterUserMappingStmt':
    case 'DropUserMappingStmt':
      return [];
    default:
      return relationNames(node)
        .concat(
          present(
            textOf(node, 'schemaname'),
            textOf(node, 'extname'),
            textOf(node, 'servername'),
            textOf(node, 'fdwname'),
          ),
        )
        .slice(0, 1);
  }
}

/** Unqualified names in an event: its relations, what its commands report, what was dropped. */
export function eventNames(event: DdlCommandEvent): Set<string> {
  const { commands = [], dropped = [], relations = [] } = event.details ?? {};
  const names = new Set(relations.map((relation) => relation.name));
  for (const { type } of [...commands, ...dropped]) names.add(unnamed(type));
  for (const { identity = '', sub } of [...commands, ...dropped]) {
    for (const chain of identifiers(identity)) {
      names.add(chain.at(-1) ?? '');
      // `public.t.c` with a sub-object is the column c of t: a statement may name either
      if (sub !== undefined) names.add(chain.at(-2) ?? '');
    }
  }
  for (const { names: address = [] } of dropped) for (const part of address) names.add(part);
  return names;
}

/** Kinds that a DROP names by their path alone: schema and name, or schema, table and name. */
const DROPPED_BY_PATH: ReadonlySet<string> = new Set([
  'OBJECT_TABLE',
  'OBJECT_VIEW',
  'OBJECT_MATVIEW',
  'OBJECT_SEQUENCE',
  'OBJECT_INDEX',
  'OBJECT_FOREIGN_TABLE',
  'OBJECT_TYPE',
  'OBJECT_DOMAIN',
  'OBJECT_FUNCTION',
  'OBJECT_PROCEDURE',
  'OBJECT_ROUTINE',
  'OBJECT_AGGREGATE',
  'OBJECT_TRIGGER',
  'OBJECT_POLICY',
  'OBJECT_RULE',
]);

/** What a DROP names, as far as it is qualified; null: not to be told by that. */
export function droppedPaths(node: Ast): string[][] | null {
  if (!DROPPED_BY_PATH.has(textOf(node, 'removeType') ?? '')) return null;
  return listOf(node, 'objects').map(objectPath);
}

/** The whole paths of what an event's command dropped itself, not of what went with it. */
export function eventDrops({ details }: DdlCommandEvent): string[][] {
  return (details?.dropped ?? []).flatMap(({ original, identity, names = [] }) => {
    if (original !== true) return [];
    // of a type there is its printed name alone, of others the parts
    return [names.length > 1 ? [...names] : (identifiers(identity)[0] ?? [])];
  });
}

/** Does a GRANT or REVOKE concern nothing but these temporary relations? */
export function grantsOnTemporary(node: Ast, temporary: readonly string[]): boolean {
  const objects = listOf(node, 'objects').map((object) => child(object, 'RangeVar'));
  return (
    objects.length > 0 &&
    objects.every((relation) => {
      const schema = textOf(relation, 'schemaname');
      return schema === undefined
        ? temporary.includes(textOf(relation, 'relname') ?? '')
        : /^pg_temp(_\d+)?$/.test(schema);
    })
  );
}

/** `public."My table"` → `My table`, `s.f(integer)` → `f`, `p on public.t` → `p`. */
export function lastIdentifier(identity: string): string | null {
  return identifiers(identity)[0]?.at(-1) ?? null;
}

const IDENTITY_PART = /"(?:[^"]|"")*"|[^\s."(),]+|\s+|./gs;

/** The dotted names in an identity as the server prints it, part by part; what stands in parentheses left out. */
export function identifiers(identity: string): string[][] {
  const chains: string[][] = [];
  let depth = 0;
  let open = false; // a dot came last
  for (const [part] of identity.matchAll(IDENTITY_PART)) {
    if (part === '(') depth++;
    else if (part === ')') depth--;
    else if (depth === 0 && part === '.') open = true;
    else if (depth === 0 && part.trim() !== '') {
      const name = part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part;
      if (open) chains.at(-1)?.push(name);
      else chains.push([name]);
      open = false;
    }
  }
  return chains;
}

function relationNames(node: Ast): string[] {
  const into = child(child(node, 'into'), 'rel') ?? child(child(node, 'intoClause'), 'rel');
  const relation =
    child(node, 'relation') ??
    child(node, 'view') ??
    child(node, 'sequence') ??
    child(node, 'typevar') ??
    child(child(node, 'base'), 'relation');
  return present(textOf(relation ?? into, 'relname'));
}

function unnamedKind(node: Ast, field: string): string[] | null {
  const name = UNNAMED_KINDS[textOf(node, field) ?? ''];
  return name === undefined ? null : [name];
}

function objectPath(object: Ast): string[] {
  const list = child(object, 'List') ?? child(object, 'ObjectWithArgs') ?? child(object, 'TypeName') ?? object;
  return nameParts([...listOf(list, 'items'), ...listOf(list, 'objname'), ...listOf(list, 'names')]);
}

/** The name in any of the forms in which the parser refers to an object. */
function objectNames(object: Ast | undefined): string[] {
  if (object === undefined) return [];
  const parts = objectPath(object);
  if (parts.length > 0) return last(parts);
  const text = child(object, 'String');
  return present(textOf(isAst(text) ? text : undefined, 'sval'), textOf(object, 'relname'));
}

function last(parts: readonly string[]): string[] {
  return parts.slice(-1);
}

function present(...names: readonly (string | undefined)[]): string[] {
  return names.filter((name) => name !== undefined && name !== '') as string[];
}
