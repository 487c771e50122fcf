/** What the cutting of statements needs to know of a token; white space and comments are none. */
export interface Token {
  /** Words are unquoted, keywords among them; `other` are strings, quoted names, numbers, parameters and single characters of operators. */
  readonly kind: 'word' | '(' | ')' | ';' | 'other';
  readonly start: number;
  readonly end: number;
}

const SPACE = /[ \t\n\r\f\v]+/y;
const LINE_COMMENT = /--[^\n\r]*/y;
/** White space with a line end in it: the string before it goes on in the quotes after it, as one of the same sort. */
const CONTINUATION = /[ \t\f\v]*(?:--[^\n\r]*)?[\n\r](?:[ \t\n\r\f\v]|--[^\n\r]*[\n\r])*'/y;
const WORD = /[A-Za-z_\u0080-\uffff][A-Za-z0-9_$\u0080-\uffff]*/y;
const DOLLAR_QUOTE = /\$(?:[A-Za-z_\u0080-\uffff][A-Za-z0-9_\u0080-\uffff]*)?\$/y;
const NUMBER = /\$?[0-9][0-9A-Za-z_]*/y;

/**
 * The tokens of a text by the rules of PostgreSQL's scanner, as far as they decide what a quote or a semicolon means, with
 * standard_conforming_strings = on. What is not closed reaches to the end of the text.
 */
export function* tokensOf(sql: string): Generator<Token> {
  let at = 0;
  const matches = (pattern: RegExp): boolean => {
    pattern.lastIndex = at;
    return pattern.test(sql);
  };
  while (at < sql.length) {
    const start = at;
    if (matches(SPACE)) at = SPACE.lastIndex;
    else if (matches(LINE_COMMENT)) at = LINE_COMMENT.lastIndex;
    else if (sql.startsWith('/*', at)) at = endOfComment(sql, at);
    else {
      let kind: Token['kind'] = 'other';
      const char = sql.charAt(at);
      if (char === "'") at = endOfString(sql, at, false);
      else if (char === '"') at = endOfQuotes(sql, at, '"', false);
      else if (matches(WORD)) {
        at = WORD.lastIndex;
        // Prefixes other than E change nothing about where the quotes end; they count as words of their own here.
        if (at === start + 1 && /e/i.test(char) && sql[at] === "'") at = endOfString(sql, at, true);
        else kind = 'word';
      } else if (matches(DOLLAR_QUOTE)) {
        const end = sql.indexOf(sql.slice(at, DOLLAR_QUOTE.lastIndex), DOLLAR_QUOTE.lastIndex);
        at = end < 0 ? sql.length : end + DOLLAR_QUOTE.lastIndex - start;
      } else if (matches(NUMBER)) at = NUMBER.lastIndex;
      else {
        at++;
        if (char === '(' || char === ')' || char === ';') kind = char;
      }
      yield { kind, start, end: at };
    }
  }
}

function endOfComment(sql: string, start: number): number {
  const bound = /\/\*|\*\//g;
  bound.lastIndex = start;
  let depth = 0;
  for (let found = bound.exec(sql); found !== null; found = bound.exec(sql)) {
    depth += found[0] === '/*' ? 1 : -1;
    if (depth === 0) return bound.lastIndex;
  }
  return sql.length;
}

function endOfString(sql: string, quote: number, escapes: boolean): number {
  let end = endOfQuotes(sql, quote, "'", escapes);
  for (;;) {
    CONTINUATION.lastIndex = end;
    if (!CONTINUATION.test(sql)) return end;
    end = endOfQuotes(sql, CONTINUATION.lastIndex - 1, "'", escapes);
  }
}

/** Doubled quotes stand for themselves. */
function endOfQuotes(sql: string, start: number, quote: string, escapes: boolean): number {
  for (let at = start + 1; at < sql.length; at++) {
    if (escapes && sql[at] === '\\') at++;
    else if (sql[at] === quote) {
      if (sql[at + 1] !== quote) return at + 1;
      at++;
    }
  }
  return sql.length;
}
