/** What one object of a schema dump is called, and the SQL that makes it. */
export type DumpEntries = ReadonlyMap<string, string>;

const ENTRY_HEAD = /^--\n-- Name: (.*); Type: (.*); Schema: (.*); Owner: .*\n--\n/gm;
const TAIL = /^--\n-- PostgreSQL database dump complete\n--\n[^]*$/m;
/** pg_dump writes these between entries, as the next one needs them: they belong to no entry by their place. */
const STATE = /\n*^SET (default_tablespace|default_table_access_method) = (.*);$\n*(?![^]*\S)/m;

/**
 * Cuts a `pg_dump -s` text into its objects, so that their order is of no matter: among equals it follows oids, which
 * two databases do not share. Comments of pg_dump itself are gone; those inside functions stay.
 */
export function dumpEntries(dump: string): DumpEntries {
  const text = dump.replace(TAIL, '');
  const heads = [...text.matchAll(ENTRY_HEAD)];
  const entries = new Map<string, string>();
  const state = new Map<string, string>();
  takeState(text.slice(0, heads[0]?.index ?? 0), state);
  heads.forEach((head, index) => {
    const [, name = '', type = '', schema = ''] = head;
    const chunk = text.slice(head.index + head[0].length, heads[index + 1]?.index ?? text.length);
    const before = placement(type, state);
    const body = takeState(chunk, state);
    if (isOurs(type, body)) return;
    const key = schema === '-' ? `${type} ${name}` : `${type} ${schema}.${name}`;
    const known = entries.get(key);
    const whole = `${before}${type === 'POLICY' ? rolesInOrder(body) : body}`;
    entries.set(key, known === undefined ? whole : [known, whole].sort().join('\n'));
  });
  for (const key of entries.keys()) if (/^COMMENT EVENT TRIGGER "!walcast_/.test(key)) entries.delete(key);
  return entries;
}

/** The statements of a dump in its order, object by object, with the settings that stand before each; without psql's meta-commands and a setting of 17. */
export function dumpStatements(dump: string): { readonly key: string; readonly sql: string }[] {
  const text = dump.replace(/^(\\.*|SET transaction_timeout = 0;)$/gm, '');
  const heads = [...text.matchAll(ENTRY_HEAD)];
  const preamble = { key: '', sql: text.slice(0, heads[0]?.index ?? text.length) };
  return [
    preamble,
    ...heads.flatMap((head, index) => {
      const [, name = '', type = '', schema = ''] = head;
      const key = schema === '-' ? `${type} ${name}` : `${type} ${schema}.${name}`;
      const sql = text.slice(head.index, heads[index + 1]?.index ?? text.length);
      return isOurs(type, sql) ? [] : [{ key, sql }];
    }),
  ];
}

/** The text without the settings at its end, which are noted. */
function takeState(chunk: string, state: Map<string, string>): string {
  let body = chunk;
  for (let found = STATE.exec(body); found !== null; found = STATE.exec(body)) {
    state.set(found[1] ?? '', found[2] ?? '');
    body = body.slice(0, found.index);
  }
  return body.trim();
}

/** Where a relation lies, if that is not the default. */
function placement(type: string, state: ReadonlyMap<string, string>): string {
  const stored = /^(TABLE|MATERIALIZED VIEW)$/.test(type);
  const space = stored || /^(INDEX|CONSTRAINT)$/.test(type) ? state.get('default_tablespace') : undefined;
  const method = stored ? state.get('default_table_access_method') : undefined;
  const lines: string[] = [];
  if (space !== undefined && space !== "''") lines.push(`-- tablespace ${space}\n`);
  if (method !== undefined && method !== 'heap') lines.push(`-- access method ${method}\n`);
  return lines.join('');
}

/** pg_dump lists the roles of a policy as they lie in pg_authid, which two servers do not share. */
function rolesInOrder(policy: string): string {
  return policy.replace(
    /^(CREATE POLICY .*? TO )([\w$]+(?:, [\w$]+)+)(?= USING| WITH CHECK|;)/m,
    (_, head: string, roles: string) => `${head}${roles.split(', ').sort().join(', ')}`,
  );
}

/** The event triggers that walcast puts on a source: their functions stand in its own schema, which is not compared. */
function isOurs(type: string, body: string): boolean {
  return type === 'EVENT TRIGGER' && /EXECUTE FUNCTION "?walcast"?\./.test(body);
}

/** What differs, object by object, `-` for the source's lines and `+` for the target's. */
export function diffEntries(source: DumpEntries, target: DumpEntries): string[] {
  const lines: string[] = [];
  for (const key of [...new Set([...source.keys(), ...target.keys()])].sort()) {
    const left = source.get(key);
    const right = target.get(key);
    if (left === right) continue;
    lines.push(
      `${key}${left === undefined ? ' (only on the target)' : right === undefined ? ' (only on the source)' : ''}`,
    );
    lines.push(...differingLines(left ?? '', right ?? ''));
  }
  return lines;
}

function differingLines(left: string, right: string): string[] {
  const one = left.split('\n');
  const two = right.split('\n');
  let first = 0;
  while (first < one.length && first < two.length && one[first] === two[first]) first++;
  let last = 0;
  while (last < one.length - first && last < two.length - first && one.at(-1 - last) === two.at(-1 - last)) last++;
  const minus = one.slice(first, one.length - last).map((line) => `  - ${line}`);
  const plus = two.slice(first, two.length - last).map((line) => `  + ${line}`);
  return [...minus, ...plus].filter((line) => line.trim().length > 1);
}
