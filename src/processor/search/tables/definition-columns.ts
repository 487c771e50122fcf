import { WalcastError } from '../../../errors/walcast-error.ts';

const LETTER = /[A-Za-z_0-9$\u0080-\uffff]/u;

/** Reads what pg_get_constraintdef and pg_get_indexdef print: one fixed form, identifiers quoted where needed. Not for texts of users. */
class DefinitionReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** Takes the words, each a keyword in upper case, if they stand here. */
  words(...expected: readonly string[]): boolean {
    const start = this.#at;
    for (const word of expected) {
      this.#space();
      const from = this.#at;
      if (this.#next() !== 'word' || this.#text.slice(from, this.#at) !== word) {
        this.#at = start;
        return false;
      }
    }
    return true;
  }

  punctuation(mark: string): boolean {
    this.#space();
    if (this.#text[this.#at] !== mark) return false;
    this.#at++;
    return true;
  }

  /** Null: something else stands here. */
  identifier(): string | null {
    this.#space();
    const from = this.#at;
    const kind = this.#next();
    if (kind === 'word') return this.#text.slice(from, this.#at);
    if (kind === 'quoted') return this.#text.slice(from + 1, this.#at - 1).replaceAll('""', '"');
    this.#at = from;
    return null;
  }

  get ended(): boolean {
    this.#space();
    return this.#at >= this.#text.length;
  }

  #space(): void {
    while (this.#text[this.#at] === ' ') this.#at++;
  }

  #next(): 'word' | 'quoted' | 'other' {
    if (this.#text[this.#at] === '"') {
      for (this.#at++; this.#at < this.#text.length; this.#at++) {
        if (this.#text[this.#at] !== '"') continue;
        if (this.#text[this.#at + 1] !== '"') {
          this.#at++;
          return 'quoted';
        }
        this.#at++;
      }
      throw new WalcastError('E_INTERNAL', `a quoted name does not end in ${this.#text}`);
    }
    const from = this.#at;
    while (this.#at < this.#text.length && LETTER.test(this.#text[this.#at] as string)) this.#at++;
    if (this.#at > from) return 'word';
    this.#at++;
    return 'other';
  }
}

/** Columns of `PRIMARY KEY (a, "B") INCLUDE (c)`; null: of no such constraint, or not of plain columns. */
export function primaryKeyColumns(definition: string): string[] | null {
  const reader = new DefinitionReader(definition);
  if (!reader.words('PRIMARY', 'KEY') || !reader.punctuation('(')) return null;
  return list(reader);
}

/** Columns of a unique index over plain columns of all rows; null: of any other. */
export function uniqueIndexColumns(definition: string): string[] | null {
  const reader = new DefinitionReader(definition);
  if (!reader.words('CREATE', 'UNIQUE', 'INDEX') || reader.identifier() === null || !reader.words('ON')) return null;
  reader.words('ONLY');
  if (reader.identifier() === null || !reader.punctuation('.') || reader.identifier() === null) return null;
  if (!reader.words('USING') || reader.identifier() === null || !reader.punctuation('(')) return null;
  const columns = list(reader);
  if (columns === null) return null;
  if (reader.words('INCLUDE')) {
    if (!reader.punctuation('(') || list(reader) === null) return null;
  }
  reader.words('NULLS', 'NOT', 'DISTINCT');
  // a tablespace or storage parameters do not matter, a WHERE does
  return reader.words('WHERE') ? null : columns;
}

/** Names up to the closing bracket; what may follow a column (collation, operator class, order) is passed over. */
function list(reader: DefinitionReader): string[] | null {
  const names: string[] = [];
  for (;;) {
    const name = reader.identifier();
    if (name === null) return null;
    names.push(name);
    while (!reader.punctuation(',')) {
      if (reader.punctuation(')')) return names;
      if (reader.punctuation('.')) continue;
      if (reader.ended || reader.punctuation('(') || reader.identifier() === null) return null;
    }
  }
}
