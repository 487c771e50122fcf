import type { DdlCommandEvent } from '../wal/ddl-event.ts';
import { meansObjectOf } from './conditional-statements.ts';
import { withConformingStrings } from './conforming-strings.ts';
import { commandPlace, namesExtensionScript } from './context.ts';
import { droppedPaths, eventDrops, eventNames } from './statement-names.ts';
import { concernsTemporary } from './temporary-objects.ts';
import { isExtensionStatement, parseStatements, type Statement } from './statements.ts';

export interface FoundStatement {
  readonly statement: Statement;
  /** verbatim · split (one of several in its text) · inner (inside a function or DO block) */
  readonly how: string;
}

export type Search =
  /** The statements that fit, likeliest first. */
  | { readonly kind: 'found'; readonly candidates: readonly FoundStatement[] }
  /** A script of an extension ran it: the extension's own command repeats it. */
  | { readonly kind: 'extension member' }
  /** Nothing fits; `reason` says what was looked through. */
  | { readonly kind: 'missing'; readonly reason: string };

/** Another reading of a text is tried only so often. */
const MAX_CANDIDATES = 8;
/** Texts parsed ahead, and their length: trees take much more room than texts. */
const MAX_EXPECTED = 64;
const EXPECTED_LENGTH = 4_096;

/**
 * Finds the statement of an event in the texts that came with its transaction. A cursor moves forward through each text, so that the
 * second of two alike statements belongs to the second event.
 */
export class StatementFinder {
  #textId = '';
  #text: string | undefined;
  /** Parsed texts of the current client statement, by text; only the last few are asked for again. */
  readonly #parsed = new Map<string, Promise<Statement[]>>();
  readonly #cursors = new Map<string, number>();
  /** Texts of events that have not come yet. */
  readonly #expected = new Map<string, Promise<Statement[]>>();

  beginTransaction(): void {
    this.#textId = '';
    this.#text = undefined;
    this.#parsed.clear();
    this.#cursors.clear();
  }

  /** The event comes soon: its text, if it is a short one, is parsed meanwhile. */
  expect({ text: whole, context, caller }: DdlCommandEvent): void {
    const place = commandPlace(context);
    const text = place.kind === 'text' ? place.readings[0] : place.kind === 'client' ? whole : undefined;
    if (text === undefined || text.length > EXPECTED_LENGTH) return;
    const read = caller.settings['standard_conforming_strings'] === 'off' ? withConformingStrings(text) : text;
    if (this.#expected.has(read)) return;
    for (const old of this.#expected.keys()) {
      if (this.#expected.size < MAX_EXPECTED) break;
      this.#expected.delete(old);
    }
    const parsing = parseStatements(read);
    parsing.catch(() => undefined); // told to whoever asks for it
    this.#expected.set(read, parsing);
  }

  /** Every event passes here, whatever becomes of it: its text may be needed by later ones. */
  remember(event: DdlCommandEvent): void {
    if (event.text_id === this.#textId && event.text === undefined) return;
    if (event.text_id !== this.#textId) this.#cursors.clear();
    this.#textId = event.text_id;
    this.#text = event.text;
    this.#parsed.clear();
  }

  async find(event: DdlCommandEvent): Promise<Search> {
    const place = commandPlace(event.context);
    const texts =
      place.kind === 'text'
        ? place.readings
        : place.kind === 'function'
          ? (event.function_body ?? [])
          : this.#clientTexts();
    const conforming = event.caller.settings['standard_conforming_strings'] !== 'off';
    let problem = texts.length === 0 ? 'its text did not come with it' : 'no statement of its text fits';
    let insideExtension = event.phase === 'drop' && namesExtensionScript(event.context);
    for (const text of texts) {
      if (insideExtension) break;
      try {
        const statements = await this.#parse(conforming ? text : withConformingStrings(text));
        const candidates =
          place.kind === 'function'
            ? nth(event, statements, place.statement)
            : this.#pick(event, statements, `${event.context ?? ''}`);
        if (candidates.length > 0) {
          const how = `${place.kind === 'client' ? 'verbatim' : 'verbatim, inner'}${statements.length > 1 ? ', split' : ''}`;
          return { kind: 'found', candidates: candidates.map((statement) => ({ statement, how })) };
        }
        insideExtension = event.phase === 'drop' && statements.some(isExtensionStatement);
      } catch (error) {
        problem = `its text cannot be parsed: ${error instanceof Error ? error.message : String(error)}`;
      }
    }
    return insideExtension ? { kind: 'extension member' } : { kind: 'missing', reason: problem };
  }

  #clientTexts(): string[] {
    return this.#text === undefined ? [] : [this.#text];
  }

  #parse(text: string): Promise<Statement[]> {
    const known = this.#parsed.get(text);
    if (known !== undefined) return known;
    for (const old of this.#parsed.keys()) {
      if (this.#parsed.size < 4) break;
      this.#parsed.delete(old);
    }
    const parsing = this.#expected.get(text) ?? parseStatements(text);
    this.#expected.delete(text);
    this.#parsed.set(text, parsing);
    return parsing;
  }

  #pick(event: DdlCommandEvent, statements: readonly Statement[], cursorKey: string): Statement[] {
    const names = eventNames(event);
    const anonymous =
      (event.details?.commands ?? []).every(({ identity }) => identity === undefined) &&
      event.details?.dropped === undefined;
    const drops = eventDrops(event);
    const fits = (statement: Statement): boolean => {
      if (statement.dead || statement.tag !== event.tag || !meansObjectOf(statement, event)) return false;
      if (concernsTemporary(statement, event)) return false;
      const paths = drops.length > 0 && statement.kind === 'DropStmt' ? droppedPaths(statement.node) : null;
      // DROP … IF EXISTS may stand there often and bring one event
      if (paths !== null) return paths.some((path) => drops.some((drop) => endsWith(drop, path)));
      return statement.names.length === 0 || anonymous || statement.names.some((name) => names.has(name));
    };
    const from = this.#cursors.get(cursorKey) ?? 0;
    const ahead: Statement[] = [];
    const behind: Statement[] = []; // a loop runs the same text again
    statements.forEach((statement, at) => {
      if (!fits(statement)) return;
      if (at >= from && ahead.length === 0) this.#cursors.set(cursorKey, at + 1);
      (at >= from ? ahead : behind).push(statement);
    });
    if (ahead.length === 0 && behind[0] !== undefined) this.#cursors.set(cursorKey, statements.indexOf(behind[0]) + 1);
    return [...ahead, ...behind].slice(0, MAX_CANDIDATES);
  }
}

/** A name of the statement may lead from the database on. */
function endsWith(path: readonly string[], name: readonly string[]): boolean {
  const end = name.slice(-path.length);
  return end.every((part, i) => part === path[path.length - end.length + i]);
}

function nth(event: DdlCommandEvent, statements: readonly Statement[], place: number): Statement[] {
  const statement = statements[place - 1];
  return statement !== undefined && statement.tag === event.tag ? [statement] : [];
}
