import { createHash } from 'node:crypto';

/** Of bytes that OpenSearch allows in the name of an index or alias. */
const MAX_BYTES = 255;
const KEPT_BYTES = 200;
const FORBIDDEN = new Set('=.\\/*?"<>|,#: %&+');

/**
 * The alias of a table by the template of the configuration. What a name of OpenSearch cannot hold is written as `=xx`, the UTF-8 bytes in
 * hex, and so are `=` and the dots inside names: two tables never get the same alias from a template that tells them apart. Names that get
 * too long end in a hash.
 */
export function aliasName(
  template: string,
  { schema, name }: { readonly schema: string; readonly name: string },
): string {
  const text = template.replaceAll(/\{(schema|table)\}/g, (_, part) => escaped(part === 'schema' ? schema : name));
  const first = text[0] ?? '';
  const alias = '_-+'.includes(first) ? `${hex(first)}${text.slice(1)}` : text;
  if (Buffer.byteLength(alias) <= MAX_BYTES) return alias;
  const digest = createHash('sha256').update(alias).digest('hex').slice(0, 32);
  return `${cut(alias)}=-${digest}`;
}

/** Several tables share the alias: the template does not tell tables apart. */
export function isShared(template: string): boolean {
  return !template.includes('{table}');
}

function escaped(name: string): string {
  let text = '';
  for (const character of name) text += allowed(character) ? character : hex(character);
  return text;
}

/** Whatever has an upper case counterpart that Java and we could see differently is escaped unless it is plain. */
function allowed(character: string): boolean {
  if (/^[a-z0-9_-]$/.test(character)) return true;
  if (character < '\u0080') return !FORBIDDEN.has(character) && !/[A-Z\u0000-\u0020\u007f]/.test(character);
  return /^[\p{Lo}\p{Ll}\p{Nd}]$/u.test(character) && character.toLowerCase() === character;
}

function hex(character: string): string {
  return [...Buffer.from(character)].map((byte) => `=${byte.toString(16).padStart(2, '0')}`).join('');
}

/** At a character's end. */
function cut(text: string): string {
  let length = 0;
  let kept = '';
  for (const character of text) {
    length += Buffer.byteLength(character);
    if (length > KEPT_BYTES) break;
    kept += character;
  }
  return kept;
}
