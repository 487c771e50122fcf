import { SqlLexer, type Token } from './split-statements-lexer.ts';

export type SqlPiece =
  /** `text` from the first token on, without the semicolon. */
  | { readonly kind: 'statement'; readonly text: string }
  /** A line for psql, such as `\restrict …`. */
  | { readonly kind: 'meta'; readonly text: string };

/**
 * Tells which semicolons end a statement. One in parentheses (CREATE RULE … DO (a; b)) or in the body of a function in standard SQL (BEGIN
 * ATOMIC a; b; END) does not.
 */
class StatementEnds {
  readonly #words: string[] = [];
  #parentheses = 0;
  #bodies = 0;
  #before: Token['kind'] | null = null;
  #wordBefore = '';

  isEnd({ kind, word }: Token): boolean {
    const outside = this.#parentheses === 0;
    if (kind === ';' && outside && this.#bodies === 0) {
      this.#words.length = 0;
      this.#note(kind, '');
      return true;
    }
    if (kind === '(') this.#parentheses++;
    else if (kind === ')') this.#parentheses = Math.max(0, this.#parentheses - 1);
    else if (outside && word === 'atomic' && this.#wordBefore === 'begin') {
      if (this.#bodies > 0 || /^create (or replace )?(function|procedure)\b/.test(this.#words.join(' ')))
        this.#bodies++;
      // An END that closes a body can only stand behind a semicolon or ATOMIC; any other is that of a CASE, or a label.
    } else if (outside && word === 'end' && this.#bodies > 0) {
      if (this.#before === ';' || this.#wordBefore === 'atomic') this.#bodies--;
    }
    if (word !== '' && this.#words.length < 4) this.#words.push(word);
    this.#note(kind, word);
    return false;
  }

  #note(kind: Token['kind'], word: string): void {
    this.#before = kind;
    this.#wordBefore = word;
  }
}

/** Cuts a script that comes in pieces, themselves cut anywhere. Keeps no more than the statement that has begun. */
export class StatementSplitter {
  readonly #lexer = new SqlLexer({ meta: true });
  readonly #ends = new StatementEnds();
  /** Text from `#base` on, of the statement that has begun. */
  #parts: string[] = [];
  #base = 0;
  /** Of its first and of its last token. */
  #start = -1;
  #last = -1;

  *push(text: string): Generator<SqlPiece> {
    this.#parts.push(text);
    yield* this.#cut(this.#lexer.push(text));
  }

  /** What stands behind the last semicolon, if it is more than comments. */
  *end(): Generator<SqlPiece> {
    yield* this.#cut(this.#lexer.end());
    if (this.#start >= 0) yield { kind: 'statement', text: this.#take(this.#start, this.#last, this.#last) };
  }

  *#cut(tokens: Iterable<Token>): Generator<SqlPiece> {
    for (const token of tokens) {
      if (token.kind === 'meta' && this.#start < 0) {
        yield { kind: 'meta', text: this.#take(token.start, token.end, token.end) };
      } else if (this.#ends.isEnd(token)) {
        const empty = this.#start < 0;
        const text = this.#take(this.#start, this.#last, token.end);
        if (!empty) yield { kind: 'statement', text };
      } else {
        if (this.#start < 0) this.#start = token.start;
        this.#last = token.end;
      }
    }
  }

  #take(start: number, end: number, next: number): string {
    const all = this.#parts.length === 1 ? (this.#parts[0] ?? '') : this.#parts.join('');
    const text = start < 0 ? '' : all.slice(start - this.#base, end - this.#base);
    this.#parts = [all.slice(next - this.#base)];
    this.#base = next;
    this.#start = -1;
    return text;
  }
}

/**
 * Cuts a text after each semicolon that ends a statement. Nothing is lost: the pieces joined are the text. Comments and white space belong
 * to the piece that follows them; the last piece may hold nothing else.
 */
export function splitStatements(sql: string): string[] {
  const ends = statementEnds(sql);
  if (ends.at(-1) !== sql.length) ends.push(sql.length);
  return ends.map((end, index) => sql.slice(ends[index - 1] ?? 0, end));
}

/** The positions behind those semicolons. */
export function statementEnds(sql: string): number[] {
  const lexer = new SqlLexer({ meta: false });
  const statements = new StatementEnds();
  const ends: number[] = [];
  for (const tokens of [lexer.push(sql), lexer.end()])
    for (const token of tokens) if (statements.isEnd(token)) ends.push(token.end);
  return ends;
}
