import { type Ast, child, isAst, listOf } from './ast.ts';
import { inParserThread, LARGE_TEXT_BYTES } from './parser-thread.ts';

/** One statement of a text. The offsets count UTF-8 bytes. */
export interface RawStatement {
  readonly tree: Ast;
  readonly start: number;
  readonly end: number;
}

export interface Token {
  readonly start: number;
  readonly end: number;
  /** The token as it stands in the text; only of short tokens. */
  readonly text: string;
}

/**
 * Splits a text into statements. `shortened` leaves long literals and rows out, as it is done for large texts, so that the trees of two
 * versions of one text are comparable. Rejects with the parser's error for a text that is not SQL.
 */
export async function parseSql(text: string, shortened = isLarge(text)): Promise<RawStatement[]> {
  const tree = await inParserThread('parse', text, !shortened);
  const length = Buffer.byteLength(text);
  return (isAst(tree) ? listOf(tree, 'stmts') : []).map((raw) => {
    const start = typeof raw['stmt_location'] === 'number' ? raw['stmt_location'] : 0;
    const size = typeof raw['stmt_len'] === 'number' ? raw['stmt_len'] : length - start;
    return { tree: child(raw, 'stmt') ?? {}, start, end: start + size };
  });
}

export async function scanSql(text: string): Promise<Token[]> {
  const result = await inParserThread('scan', text, !isLarge(text));
  return (isAst(result) ? listOf(result, 'tokens') : []).map((token) => ({
    start: Number(token['start']),
    end: Number(token['end']),
    text: String(token['text']),
  }));
}

export function isLarge(text: string): boolean {
  return text.length > LARGE_TEXT_BYTES || Buffer.byteLength(text) > LARGE_TEXT_BYTES;
}
