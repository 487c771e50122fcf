/** The one place where a name becomes SQL text. Always quoted: keywords, dots, quotes and upper case need no thought. */
export function quoteIdentifier(name: string): string {
  if (name.includes('\0')) throw new RangeError('an identifier cannot hold a zero byte');
  return `"${name.replaceAll('"', '""')}"`;
}

export function quoteQualified(schema: string, name: string): string {
  return `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
}

/**
 * A string literal, for the few commands that take no parameters (SET, replication commands). Correct whatever
 * standard_conforming_strings says.
 */
export function quoteLiteral(text: string): string {
  if (text.includes('\0')) throw new RangeError('a text value cannot hold a zero byte');
  const quoted = `'${text.replaceAll("'", "''").replaceAll('\\', '\\\\')}'`;
  return text.includes('\\') ? ` E${quoted}` : quoted;
}
