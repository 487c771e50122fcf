import { type Ast, unwrap } from '../../../ddl/ast.ts';
import { COMMAND_CLASSES } from '../../../ddl/command-classes.ts';
import { commandTag } from '../../../ddl/command-tag.ts';
import { type RawStatement, parseSql } from '../../../ddl/sql-parser.ts';
import { WalcastError } from '../../../errors/walcast-error.ts';
import type { SqlPiece } from '../../../sql/split-statements.ts';

export interface ParsedStatement {
  readonly text: string;
  readonly kind: string;
  readonly node: Ast;
  /** The command tag; the kind for what is none. */
  readonly tag: string;
}

/** Statements are parsed together up to this size; beyond, the parser's memory has to be thrown away after each text. */
const BATCH_BYTES = 32 * 1024;
const BATCH_STATEMENTS = 200;
const SEPARATOR = '\n;\n';
const SHOWN_LENGTH = 300;

/** Commands that fire no event trigger, so that only a script brings them. */
const SCRIPT_TAGS: Readonly<Record<string, string>> = {
  CreateEventTrigStmt: 'CREATE EVENT TRIGGER',
  AlterEventTrigStmt: 'ALTER EVENT TRIGGER',
};
const SCRIPT_ONLY: ReadonlySet<string> = new Set(Object.values(SCRIPT_TAGS));

/** psql is to read nothing that a name or a comment holds: marks of pg_dump's own, without meaning for us. */
const META = /^\\(?:un)?restrict [A-Za-z0-9]+$/;

/** Does a target repeat commands of this tag as they are written? */
export function isSchemaTag(tag: string): boolean {
  const replay = COMMAND_CLASSES.get(tag)?.replay;
  return replay === 'verbatim' || replay === 'extension' || SCRIPT_ONLY.has(tag);
}

/** Each statement of a script with its parse tree, in order. What our splitter and the parser do not see alike is an error. */
export async function* parsePieces(
  pieces: AsyncIterable<SqlPiece> | Iterable<SqlPiece>,
): AsyncGenerator<ParsedStatement> {
  let batch: string[] = [];
  let bytes = 0;
  for await (const piece of pieces) {
    if (piece.kind === 'meta') {
      if (META.test(piece.text)) continue;
      throw unreadable(piece.text, 'a line for psql that is not known');
    }
    const size = Buffer.byteLength(piece.text) + SEPARATOR.length;
    if (bytes + size > BATCH_BYTES || batch.length === BATCH_STATEMENTS) {
      yield* await parseBatch(batch);
      batch = [];
      bytes = 0;
    }
    batch.push(piece.text);
    bytes += size;
  }
  yield* await parseBatch(batch);
}

async function parseBatch(texts: readonly string[]): Promise<ParsedStatement[]> {
  if (texts.length === 0) return [];
  const together = await parseSql(texts.join(SEPARATOR)).catch(() => null);
  if (together?.length === texts.length) return texts.map((text, index) => parsed(text, together[index]));
  const found: ParsedStatement[] = [];
  for (const text of texts) found.push(await parseOne(text));
  return found;
}

async function parseOne(text: string): Promise<ParsedStatement> {
  let statements: RawStatement[];
  try {
    statements = await parseSql(text);
  } catch (error) {
    throw unreadable(text, 'it cannot be parsed', error);
  }
  if (statements.length !== 1) throw unreadable(text, `it is ${statements.length} statements`);
  return parsed(text, statements[0]);
}

function parsed(text: string, raw: RawStatement | undefined): ParsedStatement {
  const { kind, node } = unwrap(raw?.tree ?? {});
  return { text, kind, node, tag: SCRIPT_TAGS[kind] ?? commandTag(kind, node) };
}

/** The parser's own message would repeat a part of the text, and the text may hold a password. */
export function unreadable(text: string, why: string, cause?: unknown): WalcastError {
  return new WalcastError(
    'E_SCHEMA_STATEMENT',
    `a statement of the source's schema cannot be repeated, ${why}: ${shown(text)}`,
    {
      ...(cause instanceof Error && !SECRETIVE.test(text) ? { cause } : {}),
    },
  );
}

/** Their options hold passwords. */
const SECRETIVE = /^(\s*\w+){0,4}?\s(SERVER|USER\s+MAPPING|FOREIGN\s+DATA\s+WRAPPER|SUBSCRIPTION)\b/i;

function shown(text: string): string {
  const options = SECRETIVE.test(text) ? text.search(/\bOPTIONS\b/i) : -1;
  const safe = options < 0 ? text : `${text.slice(0, options)}OPTIONS (…)`;
  return safe.length <= SHOWN_LENGTH ? safe : `${safe.slice(0, SHOWN_LENGTH)}… (${text.length} characters)`;
}
