/** What the cutting of statements needs to know of a token; white space and comments are none. */
export interface Token {
  /**
   * Words are unquoted, keywords among them; `other` are strings, quoted names, numbers, parameters and single characters of operators;
   * `meta` is a line that psql itself obeys.
   */
  readonly kind: 'word' | '(' | ')' | ';' | 'other' | 'meta';
  /** Positions in all of the text that was pushed. */
  readonly start: number;
  readonly end: number;
  /** Of a word, in lower case. */
  readonly word: string;
}

const SPACE = /[ \t\n\r\f\v]+/y;
const WORD = /[A-Za-z_\u0080-\uffff][A-Za-z0-9_$\u0080-\uffff]*/y;
const DOLLAR_QUOTE = /\$(?:[A-Za-z_\u0080-\uffff][A-Za-z0-9_\u0080-\uffff]*)?\$/y;
const OPEN_DOLLAR_QUOTE = /\$(?:[A-Za-z_\u0080-\uffff][A-Za-z0-9_\u0080-\uffff]*)?$/y;
const NUMBER = /\$?[0-9][0-9A-Za-z_]*/y;
const LINE_END = /[\n\r]/g;
const QUOTE_OR_ESCAPE = /['\\]/g;
const COMMENT_MARK = /\/\*|\*\//g;

/** Where in the text we are between two tokens, or inside of which. */
type Inside =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'quotes'; readonly start: number; readonly quote: string; readonly escapes: boolean }
  | { readonly kind: 'dollar quotes'; readonly start: number; readonly mark: string }
  | { readonly kind: 'line comment' }
  | { readonly kind: 'meta line'; readonly start: number }
  | { readonly kind: 'comment'; depth: number };

/** A string with escapes has ended: behind white space with a line end in it, the next quotes carry it on. */
type Continuation = 'none' | 'possible' | 'after line end';

const NOTHING: Inside = { kind: 'nothing' };

/**
 * Tokens by the rules of PostgreSQL's scanner, as far as they decide what a quote or a semicolon means, with
 * standard_conforming_strings = on. The text may come in pieces that are cut anywhere; only what is not decided yet is kept.
 * What is not closed reaches to the end of the text.
 */
export class SqlLexer {
  readonly #meta: boolean;
  #text = '';
  /** Of `#text` in all of the text. */
  #base = 0;
  #at = 0;
  #inside: Inside = NOTHING;
  #continuation: Continuation = 'none';
  #lineStart = true;

  /** With `meta`, a backslash at the start of a line, outside of tokens, makes a line for psql of it. */
  constructor(options: { readonly meta: boolean }) {
    this.#meta = options.meta;
  }

  *push(text: string): Generator<Token> {
    this.#text = this.#text.slice(this.#at) + text;
    this.#base += this.#at;
    this.#at = 0;
    yield* this.#scan(false);
  }

  *end(): Generator<Token> {
    yield* this.#scan(true);
    const inside = this.#inside;
    this.#inside = NOTHING;
    this.#at = this.#text.length;
    if (inside.kind === 'quotes' || inside.kind === 'dollar quotes') yield this.#token('other', inside.start);
    else if (inside.kind === 'meta line') yield this.#token('meta', inside.start);
  }

  *#scan(last: boolean): Generator<Token> {
    for (;;) {
      const before = this.#at;
      const inside = this.#inside;
      const token = inside.kind === 'nothing' ? this.#next(last) : this.#leave(inside, last);
      if (token !== null) yield token;
      else if (this.#at === before && this.#inside === inside) return;
    }
  }

  #token(kind: Token['kind'], start: number, word = ''): Token {
    return { kind, start, end: this.#base + this.#at, word };
  }

  /** The next token, or a step towards it; null without a step: more text is needed. */
  #next(last: boolean): Token | null {
    const text = this.#text;
    const start = this.#at;
    if (start === text.length) return null;
    if (this.#matches(SPACE)) {
      this.#at = SPACE.lastIndex;
      this.#sawSpace(text.slice(start, this.#at));
      return null;
    }
    const char = text.charAt(start);
    const undecided = (end: number): boolean => end === text.length && !last;
    if ((char === '-' || char === '/') && undecided(start + 1)) return null;
    if (text.startsWith('--', start)) return this.#enter({ kind: 'line comment' }, start + 2);
    if (text.startsWith('/*', start)) {
      this.#continuation = 'none';
      this.#lineStart = false;
      return this.#enter({ kind: 'comment', depth: 1 }, start + 2);
    }
    const absolute = this.#base + start;
    const carriesOn = this.#continuation === 'after line end';
    const lineStart = this.#lineStart;
    if (char === "'" || char === '"') {
      return this.#open(
        { kind: 'quotes', start: absolute, quote: char, escapes: carriesOn && char === "'" },
        start + 1,
      );
    }
    if (this.#meta && char === '\\' && lineStart) return this.#open({ kind: 'meta line', start: absolute }, start + 1);
    if (this.#matches(WORD)) {
      const { lastIndex: end } = WORD;
      if (undecided(end)) return null;
      // Prefixes other than E change nothing about where the quotes end; each of them is a word of its own.
      if (end === start + 1 && (char === 'e' || char === 'E') && text.charAt(end) === "'") {
        return this.#open({ kind: 'quotes', start: absolute, quote: "'", escapes: true }, end + 1);
      }
      this.#pass(end);
      return this.#token('word', absolute, text.slice(start, end).toLowerCase());
    }
    if (char === '$') {
      if (this.#matches(DOLLAR_QUOTE)) {
        const end = DOLLAR_QUOTE.lastIndex;
        return this.#open({ kind: 'dollar quotes', start: absolute, mark: text.slice(start, end) }, end);
      }
      if (!last && this.#matches(OPEN_DOLLAR_QUOTE)) return null;
    }
    if (this.#matches(NUMBER)) {
      if (undecided(NUMBER.lastIndex)) return null;
      this.#pass(NUMBER.lastIndex);
      return this.#token('other', absolute);
    }
    this.#pass(start + 1);
    return this.#token(char === '(' || char === ')' || char === ';' ? char : 'other', absolute);
  }

  /** The token that ends what we are inside of, or a step towards its end. */
  #leave(inside: Inside, last: boolean): Token | null {
    const text = this.#text;
    switch (inside.kind) {
      case 'nothing':
        return null;
      case 'line comment':
      case 'meta line': {
        LINE_END.lastIndex = this.#at;
        const found = LINE_END.exec(text);
        this.#at = found === null ? text.length : found.index;
        if (found === null) return null;
        this.#inside = NOTHING;
        return inside.kind === 'meta line' ? this.#token('meta', inside.start) : null;
      }
      case 'comment':
        return this.#leaveComment(inside);
      case 'dollar quotes': {
        const found = text.indexOf(inside.mark, this.#at);
        this.#at = found < 0 ? Math.max(this.#at, text.length - inside.mark.length + 1) : found + inside.mark.length;
        return found < 0 ? null : this.#close('other', inside.start);
      }
      case 'quotes':
        return this.#leaveQuotes(inside, last);
      default:
        return inside satisfies never;
    }
  }

  #leaveComment(inside: { depth: number }): null {
    COMMENT_MARK.lastIndex = this.#at;
    const found = COMMENT_MARK.exec(this.#text);
    if (found === null) {
      // the last character may be the first half of a mark
      this.#at = Math.max(this.#at, this.#text.length - 1);
      return null;
    }
    this.#at = COMMENT_MARK.lastIndex;
    inside.depth += found[0] === '/*' ? 1 : -1;
    if (inside.depth === 0) this.#inside = NOTHING;
    return null;
  }

  /** Doubled quotes stand for themselves. */
  #leaveQuotes(inside: Inside & { kind: 'quotes' }, last: boolean): Token | null {
    const text = this.#text;
    const { quote, escapes } = inside;
    while (this.#at < text.length) {
      const found = this.#quoteOrEscape(quote, escapes);
      const next = found + 1;
      if (found < 0 || (next === text.length && (text.charAt(found) === '\\' || !last))) {
        this.#at = found < 0 ? text.length : found;
        return null;
      }
      this.#at = next;
      if (text.charAt(found) === quote && text.charAt(next) !== quote) {
        const token = this.#close('other', inside.start);
        this.#continuation = escapes ? 'possible' : 'none';
        return token;
      }
      this.#at = next + 1;
    }
    return null;
  }

  #quoteOrEscape(quote: string, escapes: boolean): number {
    if (!escapes) return this.#text.indexOf(quote, this.#at);
    QUOTE_OR_ESCAPE.lastIndex = this.#at;
    return QUOTE_OR_ESCAPE.exec(this.#text)?.index ?? -1;
  }

  #matches(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at;
    return pattern.test(this.#text);
  }

  #sawSpace(space: string): void {
    const lineEnd = Math.max(space.lastIndexOf('\n'), space.lastIndexOf('\r'));
    if (lineEnd < 0) {
      this.#lineStart = false;
      return;
    }
    this.#lineStart = lineEnd === space.length - 1;
    if (this.#continuation === 'possible') this.#continuation = 'after line end';
  }

  #pass(end: number): void {
    this.#at = end;
    this.#continuation = 'none';
    this.#lineStart = false;
  }

  #enter(inside: Inside, at: number): null {
    this.#inside = inside;
    this.#at = at;
    return null;
  }

  #open(inside: Inside, at: number): null {
    this.#pass(at);
    return this.#enter(inside, at);
  }

  #close(kind: Token['kind'], start: number): Token {
    this.#inside = NOTHING;
    return this.#token(kind, start);
  }
}
