import { tokensOf, type Token } from './tokens.ts';

/**
 * Cuts a text after each semicolon that ends a statement. Nothing is lost: the pieces joined are the text. Comments and white space belong
 * to the piece that follows them; the last piece may hold nothing else.
 */
export function splitStatements(sql: string): string[] {
  const ends = statementEnds(sql);
  if (ends.at(-1) !== sql.length) ends.push(sql.length);
  return ends.map((end, index) => sql.slice(ends[index - 1] ?? 0, end));
}

/**
 * The positions behind those semicolons. One in parentheses (CREATE RULE … DO (a; b)) or in the body of a function in standard SQL (BEGIN
 * ATOMIC a; b; END) ends no statement.
 */
export function statementEnds(sql: string): number[] {
  const ends: number[] = [];
  const words: string[] = [];
  let parentheses = 0;
  let bodies = 0;
  let before: Token | undefined;
  let wordBefore = '';
  for (const token of tokensOf(sql)) {
    const word = token.kind === 'word' ? sql.slice(token.start, token.end).toLowerCase() : '';
    if (token.kind === '(') parentheses++;
    else if (token.kind === ')') parentheses = Math.max(0, parentheses - 1);
    else if (token.kind === ';' && parentheses === 0 && bodies === 0) {
      ends.push(token.end);
      words.length = 0;
    } else if (
      parentheses === 0 &&
      word === 'atomic' &&
      wordBefore === 'begin' &&
      (bodies > 0 || makesFunction(words))
    ) {
      bodies++;
      // An END that closes a body can only stand behind a semicolon or ATOMIC; any other is that of a CASE, or a label.
    } else if (parentheses === 0 && bodies > 0 && word === 'end' && (before?.kind === ';' || wordBefore === 'atomic')) {
      bodies--;
    }
    if (word !== '' && words.length < 4) words.push(word);
    before = token;
    wordBefore = word;
  }
  return ends;
}

function makesFunction(words: readonly string[]): boolean {
  return /^create (or replace )?(function|procedure)\b/.test(words.join(' '));
}
