import { quoteIdentifier } from '../sql/quote.ts';
import { type Ast, child, fingerprint, isAst, listOf, textOf, unwrap, walk } from './ast.ts';
import { isLarge, parseSql, scanSql, type Token } from './sql-parser.ts';

/** Replaces the bytes from `start` to `end`. */
interface Splice {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

interface Edit {
  /** Makes the tree what it is to become; false: nothing to do. */
  change(tree: Ast): boolean;
  /** Places that may bring this about. The one after which the text parses to exactly the changed tree is taken. */
  places(tokens: readonly Token[], tree: Ast): Iterable<Splice>;
}

const MAX_CLAUSES = 2_000;

/** A clause was found in the tree but not in the text. */
export class EditError extends Error {}

/** The author's own text with nothing but the edit changed: proved by parsing it again. */
async function apply(sql: string, edit: Edit): Promise<string | null> {
  const apart = isLarge(sql);
  const tree = (await parseSql(sql, apart))[0]?.tree;
  if (tree === undefined) return null;
  const wanted = structuredClone(tree);
  if (!edit.change(unwrap(wanted).node)) return null;
  const goal = fingerprint(wanted);
  const bytes = Buffer.from(sql);
  for (const { start, end, text } of edit.places(await scanSql(sql), unwrap(tree).node)) {
    const edited = `${bytes.toString('utf8', 0, start)}${text}${bytes.toString('utf8', end)}`;
    const [first, ...more] = await parseSql(edited, apart).catch(() => []);
    if (first !== undefined && more.length === 0 && fingerprint(first.tree) === goal) return edited;
  }
  throw new EditError('a clause of this statement cannot be changed in its text');
}

/** As often as it changes something: one clause a time. */
async function applyAll(sql: string, edit: Edit): Promise<string> {
  let edited = sql;
  for (let round = 0; round < MAX_CLAUSES; round++) {
    const next = await apply(edited, edit);
    if (next === null) return edited;
    edited = next;
  }
  throw new EditError(`more than ${MAX_CLAUSES} clauses to change in one statement`);
}

function* without(tokens: readonly Token[], word: string): Generator<Splice> {
  for (const { start, end, text } of tokens) if (text.toLowerCase() === word) yield { start, end, text: '' };
}

function set(node: Ast, field: string, value: unknown): void {
  (node as Record<string, unknown>)[field] = value;
}

/** DROP INDEX, CREATE INDEX and DETACH PARTITION without CONCURRENTLY, which runs in no transaction. */
export function withoutConcurrently(sql: string): Promise<string> {
  return applyAll(sql, {
    change(node) {
      for (const [, part] of walk(node)) {
        if (part['concurrent'] !== true) continue;
        delete (part as Record<string, unknown>)['concurrent'];
        return true;
      }
      return false;
    },
    places: (tokens) => without(tokens, 'concurrently'),
  });
}

/** The name that the source chose for an index, put into a CREATE INDEX without one. */
export async function withIndexName(sql: string, name: string): Promise<string> {
  const edited = await apply(sql, {
    change(node) {
      if (textOf(node, 'idxname') !== undefined) return false;
      set(node, 'idxname', name);
      return true;
    },
    *places(tokens) {
      for (const { start, text } of tokens) {
        if (text.toLowerCase() === 'on') yield { start, end: start, text: `${quoteIdentifier(name)} ` };
      }
    },
  });
  return edited ?? sql;
}

const SILENCED: Readonly<Record<string, readonly [subtype: string, word: string]>> = {
  AT_EnableAlwaysTrig: ['AT_EnableTrig', 'always'],
  AT_EnableReplicaTrig: ['AT_EnableTrig', 'replica'],
  AT_EnableAlwaysRule: ['AT_EnableRule', 'always'],
  AT_EnableReplicaRule: ['AT_EnableRule', 'replica'],
};

/** The same of an ALTER EVENT TRIGGER. */
const SILENCED_EVENTS: Readonly<Record<string, string>> = { A: 'always', R: 'replica' };

/** Triggers and rules that an ALTER TABLE lets fire for replicated rows too, or the event trigger that would fire for replicated commands. */
export function firingForReplicas(node: Ast): string[] {
  if ((textOf(node, 'tgenabled') ?? '') in SILENCED_EVENTS) return [textOf(node, 'trigname') ?? ''];
  return tableCommands(node)
    .filter((command) => (textOf(command, 'subtype') ?? '') in SILENCED)
    .map((command) => textOf(command, 'name') ?? '');
}

/** ENABLE ALWAYS and ENABLE REPLICA as plain ENABLE: the stream has the rows that they made on the source. */
export function enabledPlainly(sql: string): Promise<string> {
  let word = '';
  return applyAll(sql, {
    change(node) {
      const event = SILENCED_EVENTS[textOf(node, 'tgenabled') ?? ''];
      if (event !== undefined) {
        set(node, 'tgenabled', 'O');
        word = event;
        return true;
      }
      for (const command of tableCommands(node)) {
        const plain = SILENCED[textOf(command, 'subtype') ?? ''];
        if (plain === undefined) continue;
        set(command, 'subtype', plain[0]);
        word = plain[1];
        return true;
      }
      return false;
    },
    places: (tokens) => without(tokens, word),
  });
}

/** The partition that DETACH … CONCURRENTLY takes off, as the statement names it. */
export function detachedConcurrently(node: Ast): string | null {
  for (const command of tableCommands(node)) {
    const partition = child(child(command, 'def'), 'PartitionCmd');
    if (partition?.['concurrent'] !== true) continue;
    const name = child(partition, 'name');
    const schema = textOf(name, 'schemaname');
    return `${schema === undefined ? '' : `${quoteIdentifier(schema)}.`}${quoteIdentifier(textOf(name, 'relname') ?? '')}`;
  }
  return null;
}

/** Columns that an ALTER TABLE adds with a default that two servers may compute differently. */
export function addedWithDefault(node: Ast): string[] {
  return tableCommands(node).flatMap((command) => {
    const column = addedColumn(command);
    const constant = child(child(defaultOf(column), 'raw_expr'), 'A_Const');
    const plain = constant !== undefined && constant['sval'] === undefined;
    return column === undefined || defaultOf(column) === undefined || plain ? [] : [textOf(column, 'colname') ?? ''];
  });
}

/** ALTER TABLE … ADD COLUMN IF NOT EXISTS: it may add nothing. */
export function addsIfMissing(node: Ast): boolean {
  return tableCommands(node).some((command) => addedColumn(command) !== undefined && command['missing_ok'] === true);
}

/** `expression` in place of the default of an added column. */
export async function withDefault(sql: string, column: string, expression: string): Promise<string> {
  const value = unwrap((await parseSql(`select ${expression}`))[0]?.tree ?? {}).node;
  const replacement = child(child(listOf(value, 'targetList')[0], 'ResTarget'), 'val');
  const find = (node: Ast): Ast | undefined =>
    defaultOf(
      tableCommands(node)
        .map(addedColumn)
        .find((added) => textOf(added, 'colname') === column),
    );
  const edited = await apply(sql, {
    change(node) {
      const constraint = find(node);
      if (constraint === undefined || replacement === undefined) return false;
      set(constraint, 'raw_expr', replacement);
      return true;
    },
    *places(tokens, node) {
      const keyword = tokens.findIndex(({ start }) => start === find(node)?.['location']);
      const start = tokens[keyword + 1]?.start;
      if (keyword < 0 || start === undefined) return;
      for (const { end } of tokens.slice(keyword + 1, keyword + 400)) yield { start, end, text: ` ${expression} ` };
    },
  });
  return edited ?? sql;
}

/** What a statement gives a partition's bound by an expression, that two servers may compute differently: the partition's name; else null. */
export function partitionOfComputedBound(node: Ast): string | null {
  for (const { name, bound } of partitionBounds(node)) {
    const values = ['listdatums', 'lowerdatums', 'upperdatums'].flatMap((list) => listOf(bound, list));
    if (values.some(isComputed)) return name;
  }
  return null;
}

/** `FOR VALUES …` in place of the bound that a statement gives a partition. */
export async function withPartitionBound(sql: string, bound: string): Promise<string> {
  const parsed = unwrap((await parseSql(`create table p partition of t ${bound}`))[0]?.tree ?? {}).node;
  const replacement = child(parsed, 'partbound');
  const edited = await apply(sql, {
    change(node) {
      const [found] = partitionBounds(node);
      if (found === undefined || replacement === undefined) return false;
      set(found.holder, found.field, replacement);
      return true;
    },
    *places(tokens, node) {
      // The tree tells the place of FROM or IN, which FOR VALUES stands before.
      const at = tokens.findIndex(({ start }) => start === partitionBounds(node)[0]?.bound['location']);
      const start = tokens[at - 2]?.start;
      if (start === undefined) return;
      for (const { end, text } of tokens.slice(at)) if (text === ')') yield { start, end, text: bound };
    },
  });
  return edited ?? sql;
}

/** The version of an extension, where the statement leaves it to the server. */
export async function withExtensionVersion(sql: string, version: string): Promise<string> {
  const { kind, node } = unwrap((await parseSql(sql))[0]?.tree ?? {});
  const pinned = listOf(node, 'options').some(
    (option) => textOf(child(option, 'DefElem'), 'defname') === 'new_version',
  );
  if (pinned || (kind !== 'CreateExtensionStmt' && kind !== 'AlterExtensionStmt')) return sql;
  const bare = (await scanSql(sql)).findLast(
    ({ text }) => text !== ';' && !text.startsWith('--') && !text.startsWith('/*'),
  );
  const kept = Buffer.from(sql).toString('utf8', 0, bare?.end ?? 0);
  return `${kept} ${kind === 'CreateExtensionStmt' ? 'VERSION' : 'TO'} ${quoteIdentifier(version)}`;
}

/** Roles that a statement names (not CURRENT_USER and the like). */
export function rolesIn(node: Ast): string[] {
  return [...new Set([...roleSpecs(node)].map((role) => textOf(role, 'rolename') ?? ''))];
}

/** The same statement with other names for some roles. */
export function withRoles(sql: string, names: ReadonlyMap<string, string>): Promise<string> {
  const next = (node: Ast): Ast | undefined =>
    roleSpecs(node).find((role) => names.has(textOf(role, 'rolename') ?? ''));
  const replacement = (role: Ast | undefined): string => names.get(textOf(role, 'rolename') ?? '') ?? '';
  return applyAll(sql, {
    change(node) {
      const role = next(node);
      if (role === undefined) return false;
      set(role, 'rolename', replacement(role));
      return true;
    },
    *places(tokens, node) {
      const role = next(node);
      const token = tokens.find(({ start }) => start === (role?.['location'] ?? 0));
      if (token !== undefined) yield { start: token.start, end: token.end, text: quoteIdentifier(replacement(role)) };
    },
  });
}

function roleSpecs(node: Ast): Ast[] {
  const found: Ast[] = [];
  for (const [, part] of walk(node)) {
    const role = isAst(part['RoleSpec']) ? part['RoleSpec'] : part;
    if (textOf(role, 'roletype') === 'ROLESPEC_CSTRING' && !found.includes(role)) found.push(role);
  }
  return found;
}

interface PartitionBound {
  readonly name: string;
  readonly bound: Ast;
  readonly holder: Ast;
  readonly field: string;
}

/** Of CREATE TABLE … PARTITION OF and of ATTACH PARTITION. */
function partitionBounds(node: Ast): PartitionBound[] {
  const created = child(node, 'partbound');
  if (created !== undefined) {
    const name = textOf(child(node, 'relation'), 'relname') ?? '';
    return [{ name, bound: created, holder: node, field: 'partbound' }];
  }
  return tableCommands(node).flatMap((command) => {
    const holder = child(child(command, 'def'), 'PartitionCmd');
    const bound = child(holder, 'bound');
    const name = textOf(child(holder, 'name'), 'relname') ?? '';
    return holder === undefined || bound === undefined ? [] : [{ name, bound, holder, field: 'bound' }];
  });
}

/** Words such as 'now' are values of their moment too. */
function isComputed(datum: Ast): boolean {
  const constant = child(datum, 'A_Const');
  if (constant === undefined) return child(datum, 'ColumnRef') === undefined;
  return /[a-z]{3}/i.test(textOf(child(constant, 'sval'), 'sval') ?? '');
}

function tableCommands(node: Ast): Ast[] {
  return listOf(node, 'cmds').flatMap<Ast>((wrapped) => child(wrapped, 'AlterTableCmd') ?? []);
}

function addedColumn(command: Ast): Ast | undefined {
  return textOf(command, 'subtype') === 'AT_AddColumn' ? child(child(command, 'def'), 'ColumnDef') : undefined;
}

function defaultOf(column: Ast | undefined): Ast | undefined {
  return listOf(column, 'constraints')
    .map((wrapped) => child(wrapped, 'Constraint'))
    .find((constraint) => textOf(constraint, 'contype') === 'CONSTR_DEFAULT');
}
