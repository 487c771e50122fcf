import { type Ast, child, listOf, nameParts, textOf } from '../../../ddl/ast.ts';
import { FIXED_SETTINGS } from '../../../ddl/message-settings.ts';
import type { DdlCaller } from '../../../wal/ddl-event.ts';

/** Decide what a statement makes, so they become part of the events that follow. */
const KEPT: ReadonlySet<string> = new Set(['default_tablespace', 'default_table_access_method', 'xmloption']);

/** What the rest of the script relies on when it is read, by us. */
const REQUIRED: Readonly<Record<string, string>> = { client_encoding: 'utf8', standard_conforming_strings: 'on' };

/** Of no matter for what comes of a statement. */
const DROPPED: ReadonlySet<string> = new Set([
  // Whoever executes has bounds of its own.
  'statement_timeout',
  'lock_timeout',
  'idle_in_transaction_session_timeout',
  'transaction_timeout',
  // Off for every statement of a script or stream.
  'check_function_bodies',
  // Chatter.
  'client_min_messages',
  'escape_string_warning',
  // Off would turn a hidden row into an error where a statement reads rows, and the only one that does runs as its owner.
  'row_security',
]);

/** A statement of a dump that is not one of those by which pg_dump prepares a session. */
export class UnknownSettingError extends Error {}

/** The session that a script assumes, from the lines that prepare it. */
export class DumpState {
  #searchPath = '';
  /** SET SESSION AUTHORIZATION: pg_dump grants so what somebody else than the owner granted. */
  #role: string | null = null;
  readonly #settings = new Map<string, string>();

  get caller(): Pick<DdlCaller, 'search_path' | 'settings'> & { readonly role: string | null } {
    const settings = [...this.#settings].filter(([name, value]) => value !== FIXED_SETTINGS[name]);
    return { role: this.#role, search_path: this.#searchPath, settings: Object.fromEntries(settings) };
  }

  /** True: the statement was for the session and is done with. */
  take(kind: string, node: Ast): boolean {
    if (kind === 'VariableSetStmt') {
      this.#set(textOf(node, 'name') ?? '', settingValue(node), textOf(node, 'kind') ?? '');
      return true;
    }
    const setting = kind === 'SelectStmt' ? setConfig(node) : null;
    if (setting === null) return false;
    this.#set(setting.name, setting.value, 'VAR_SET_VALUE');
    return true;
  }

  #set(name: string, value: string, kind: string): void {
    if (name === 'session_authorization') {
      this.#role = kind === 'VAR_SET_VALUE' ? value : null;
      return;
    }
    if (kind !== 'VAR_SET_VALUE') throw new UnknownSettingError(`it takes back ${name}`);
    if (name === 'search_path') this.#searchPath = value;
    else if (KEPT.has(name)) this.#settings.set(name, value);
    else if (Object.hasOwn(REQUIRED, name)) {
      if (value.toLowerCase() !== REQUIRED[name]) throw new UnknownSettingError(`${name} is ${value}`);
    } else if (!DROPPED.has(name)) throw new UnknownSettingError(`${name} is not known`);
  }
}

function settingValue(node: Ast): string {
  return listOf(node, 'args')
    .map((argument) => constant(child(argument, 'A_Const')))
    .join(', ');
}

/** `SELECT pg_catalog.set_config('search_path', '', false)` */
function setConfig(node: Ast): { readonly name: string; readonly value: string } | null {
  const [target, ...more] = listOf(node, 'targetList');
  const call = child(child(child(target, 'ResTarget'), 'val'), 'FuncCall');
  const [name, value] = listOf(call, 'args').map((argument) => constant(child(argument, 'A_Const')));
  const known = nameParts(listOf(call, 'funcname')).join('.') === 'pg_catalog.set_config';
  return known && more.length === 0 && name !== undefined && value !== undefined ? { name, value } : null;
}

function constant(node: Ast | undefined): string {
  const whole = child(node, 'ival');
  return (
    textOf(child(node, 'sval'), 'sval') ??
    textOf(child(node, 'fval'), 'fval') ??
    String(whole?.['ival'] ?? (whole === undefined ? '' : 0))
  );
}
