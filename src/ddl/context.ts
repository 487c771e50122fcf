/** Where PG_CONTEXT says that a command stood. */
export type CommandPlace =
  /** The client sent it. */
  | { readonly kind: 'client' }
  /** PL/pgSQL or SPI ran it: its exact text, with the readings that its quoting allows, likeliest first. */
  | { readonly kind: 'text'; readonly readings: readonly string[] }
  /** The n-th statement (from 1) of a SQL-language function. */
  | { readonly kind: 'function'; readonly statement: number };

const OPENING = 'SQL statement "';
/** The quote that ends the text stands before the next frame or the end; the text itself may hold such a place. */
const CLOSING =
  /"(?=\n(?:PL\/|SQL statement "|SQL function "|SQL expression "|extension script file "|COPY )|$(?![\s\S]))/g;
const MAX_READINGS = 8;

export function commandPlace(context: string | undefined): CommandPlace {
  if (context === undefined || context === '') return { kind: 'client' };
  if (context.startsWith(OPENING)) {
    const rest = context.slice(OPENING.length);
    const readings: string[] = [];
    for (const { index } of rest.matchAll(CLOSING)) {
      readings.push(rest.slice(0, index));
      if (readings.length === MAX_READINGS) break;
    }
    return { kind: 'text', readings };
  }
  const place = /^SQL function "(?:.*)" statement (\d+)/.exec(context);
  return place === null ? { kind: 'client' } : { kind: 'function', statement: Number(place[1]) };
}

/**
 * Objects that an extension's script drops are reported without a mark of the extension. PostgreSQL 18 names the script in the context;
 * before, only the command around it tells.
 */
export function namesExtensionScript(context: string | undefined): boolean {
  return context !== undefined && /(?:^|\n)extension script file "/.test(context);
}
