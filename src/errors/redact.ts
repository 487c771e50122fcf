/**
 * Takes passwords out of any text: connection URLs, libpq keyword strings, query parameters, SQL options. It lives beside the errors because
 * whatever shows text to a person has to use it. When in doubt it hides too much.
 */
const MASK = '***';

/** `scheme://user:password@`, up to the last `@` of the word, because people forget to escape `/`, `?` and `@` in passwords. */
const URL_PASSWORD = /(\b[a-z][a-z0-9+.-]*:\/\/[^\s/?#@:"'<>]*):[^\s"'<>]*@/gi;
/** `password=x`, `password = 'x'`, `"password":"x"`, `&sslpassword=x` */
const ASSIGNED =
  /((?:ssl)?password|passwd|passphrase|secret|api[_-]?key|token)(["']?\s*(?:=|:)\s*)('(?:[^'\\]|''|\\.)*'|"(?:[^"\\]|\\.)*"|[^\s&,;"'{}()[\]]+)/gi;
/** `PASSWORD 'x'`, as in ALTER ROLE and OPTIONS (password 'x') */
const SQL_LITERAL = /(\bpassword\s+)(?:[eu]&?)?'(?:[^'\\]|''|\\.)*'/gi;

export function redactText(text: string, secrets: readonly string[] = []): string {
  let result = text;
  for (const secret of secrets) result = result.replaceAll(secret, MASK);
  return result
    .replace(URL_PASSWORD, `$1:${MASK}@`)
    .replace(SQL_LITERAL, `$1'${MASK}'`)
    .replace(ASSIGNED, (_whole, key: string, sign: string, value: string) => {
      const quote = value[0] === "'" || value[0] === '"' ? value[0] : '';
      return `${key}${sign}${quote}${MASK}${quote}`;
    });
}

/** Every string inside a plain value, redacted; the value itself stays as it is. */
export function redactDeep(value: unknown, secrets: readonly string[] = []): unknown {
  if (typeof value === 'string') return redactText(value, secrets);
  if (Array.isArray(value)) return value.map((item) => redactDeep(item, secrets));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, redactDeep(item, secrets)]));
}

/** Words that a careless password equals and that a text full of stars would not protect. */
const NO_SECRET = new Set([
  'postgres',
  'postgresql',
  'public',
  'localhost',
  'walcast',
  'replicate',
  'true',
  'false',
  'null',
]);

/** The passwords of connection URLs in every spelling in which they may turn up later, longest first. */
export function secretsOfUrls(urls: readonly string[]): string[] {
  const found = new Set<string>();
  for (const text of urls) {
    if (!URL.canParse(text)) continue;
    const url = new URL(text);
    const values = [url.password, ...url.searchParams.getAll('password'), ...url.searchParams.getAll('sslpassword')];
    for (const value of values) {
      for (const spelling of [value, decoded(value)]) {
        const hidden = spelling.length >= 4 && spelling !== url.username && !NO_SECRET.has(spelling);
        if (!hidden || spelling === url.pathname.slice(1)) continue;
        found.add(spelling);
        found.add(JSON.stringify(spelling).slice(1, -1));
      }
    }
  }
  return [...found].sort((a, b) => b.length - a.length);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
