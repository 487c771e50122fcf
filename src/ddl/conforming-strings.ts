/** What the scanner of PostgreSQL takes for whitespace. */
const SPACE = /[ \t\n\r\f\v]/;
const NAME_PART = /[A-Za-z0-9_$\u0080-\uffff]/;
const DOLLAR_QUOTE = /\$(?:[A-Za-z_\u0080-\uffff][A-Za-z0-9_\u0080-\uffff]*)?\$/y;

/**
 * A text that was written for standard_conforming_strings = off, so that it means the same with `on`, which is what the parser reads by and
 * what statements are repeated under: a plain literal that holds a backslash becomes an E string. Nothing else is changed.
 */
export function withConformingStrings(text: string): string {
  const parts: string[] = [];
  let copied = 0;
  let at = 0;
  while (at < text.length) {
    const here = text[at];
    if (here === "'") {
      const prefix = prefixBefore(text, at);
      const end = prefix === 'raw' ? endOfRaw(text, at) : endOfEscaped(text, at);
      if (prefix !== 'raw' && prefix !== 'escaped' && text.slice(at, end).includes('\\')) {
        // N'…' is the keyword NCHAR before a plain literal
        parts.push(text.slice(copied, prefix === 'national' ? at - 1 : at), prefix === 'national' ? 'nchar E' : ' E');
        copied = at;
      }
      at = end;
    } else if (here === '"') at = after(text, '"', at + 1);
    else if (here === '-' && text[at + 1] === '-') at = endOfLine(text, at);
    else if (here === '/' && text[at + 1] === '*') at = endOfComment(text, at);
    else if (here === '$' && !NAME_PART.test(text[at - 1] ?? ' ')) at = endOfDollars(text, at);
    else at++;
  }
  return parts.length === 0 ? text : `${parts.join('')}${text.slice(copied)}`;
}

type Prefix = 'plain' | 'escaped' | 'national' | 'raw';

const PREFIXES: Readonly<Record<string, Prefix>> = { e: 'escaped', n: 'national', b: 'raw', x: 'raw' };

/** The letter right before the quote, where it is no end of a name. */
function prefixBefore(text: string, quote: number): Prefix {
  const letter = text[quote - 1] ?? ' ';
  if (letter === '&' && /u/i.test(text[quote - 2] ?? ' ') && !NAME_PART.test(text[quote - 3] ?? ' ')) return 'raw';
  return NAME_PART.test(text[quote - 2] ?? ' ') ? 'plain' : (PREFIXES[letter.toLowerCase()] ?? 'plain');
}

/** After the literal, those that continue it on another line included. */
function endOfEscaped(text: string, quote: number): number {
  let at = quote + 1;
  while (at < text.length) {
    if (text[at] === '\\') at += 2;
    else if (text[at] !== "'") at++;
    else if (text[at + 1] === "'") at += 2;
    else {
      const next = continuation(text, at + 1);
      if (next === null) return at + 1;
      at = next + 1;
    }
  }
  return at;
}

/** Where the literal goes on: the next quote, with nothing but whitespace with a line's end, and comments, before it. */
function continuation(text: string, from: number): number | null {
  let at = from;
  let newLine = false;
  for (;;) {
    const here = text[at] ?? '';
    if (here === '-' && text[at + 1] === '-') at = endOfLine(text, at);
    else if (here !== '' && SPACE.test(here)) {
      newLine ||= here === '\n' || here === '\r';
      at++;
    } else return here === "'" && newLine ? at : null;
  }
}

function endOfRaw(text: string, quote: number): number {
  return after(text, "'", quote + 1);
}

function endOfLine(text: string, from: number): number {
  for (let at = from; at < text.length; at++) if (text[at] === '\n' || text[at] === '\r') return at;
  return text.length;
}

function endOfComment(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    const pair = text.slice(at, at + 2);
    if (pair === '/*') depth++;
    else if (pair === '*/') depth--;
    else continue;
    at++;
    if (depth === 0) return at + 1;
  }
  return text.length;
}

function endOfDollars(text: string, from: number): number {
  DOLLAR_QUOTE.lastIndex = from;
  const mark = DOLLAR_QUOTE.exec(text)?.[0];
  return mark === undefined ? from + 1 : after(text, mark, from + mark.length);
}

function after(text: string, mark: string, from: number): number {
  const found = text.indexOf(mark, from);
  return found < 0 ? text.length : found + mark.length;
}
