import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { markedSections } from './marked-sections.ts';

export interface Migration {
  readonly name: string;
  /** Where its text stands, for programs that read the file themselves. */
  readonly file: string;
  readonly up: string;
  readonly down: string | null;
}

/** In names such as `001_x.postgres.up.sql`: files for other servers are not ours. */
const DIALECTS = ['mysql', 'mariadb', 'sqlite', 'sqlite3', 'cockroach', 'cockroachdb', 'mssql', 'clickhouse', 'mysql8'];
const OURS = ['postgres', 'postgresql', 'psql', 'pg'];

const numeric = new Intl.Collator('en', { numeric: true });
/** `2017-08-31-230457` is as much a moment as `20170831230457`. */
const MOMENT = /^\d{4}-?\d\d-?\d\d[-_]?\d{6}/;

function inOrder(one: string, two: string): number {
  const [a, b] = [one, two].map((name) => MOMENT.exec(name)?.[0].replace(/[-_]/g, ''));
  const moments = a === undefined || b === undefined ? 0 : numeric.compare(a, b);
  return moments === 0 ? numeric.compare(one, two) : moments;
}

/**
 * A file of SQL, or all those of a folder, in the order of their names, numbers as numbers. Knows `x.up.sql` with `x.down.sql`, `x/up.sql` with
 * `x/down.sql`, `x/migration.sql` and comments that mark the two ways. A text for PostgreSQL takes the place of one for every server.
 */
export function readHistory(where: string): Migration[] {
  if (statSync(where).isFile()) return [{ name: path.basename(where), file: where, ...sectionsOf(where) }];
  const ups = new Map<string, string>();
  const downs = new Map<string, string>();
  for (const file of sqlFiles(where)) {
    const { key, down, specific } = describe(path.relative(where, file));
    if (key === null) continue;
    const into = down ? downs : ups;
    if (specific || !into.has(key)) into.set(key, file);
  }
  return [...ups.keys()].sort(inOrder).map((name) => {
    const file = ups.get(name) ?? '';
    const { up, down } = sectionsOf(file);
    const downFile = downs.get(name);
    return { name, file, up, down: downFile === undefined ? down : readFileSync(downFile, 'utf8') };
  });
}

function sectionsOf(file: string): { up: string; down: string | null } {
  return markedSections(readFileSync(file, 'utf8').replace(/^\uFEFF/, ''));
}

function sqlFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.sql'))
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort(inOrder);
}

function describe(name: string): { key: string | null; down: boolean; specific: boolean } {
  const parts = name.slice(0, -'.sql'.length).split('.');
  const words = parts.slice(1);
  if (words.some((word) => DIALECTS.includes(word))) return { key: null, down: false, specific: false };
  const key = parts
    .filter((part, i) => i === 0 || !['up', 'down', ...OURS].includes(part))
    .join('.')
    .replace(/[/\\](up|down|migration)$/, '');
  const down = words.includes('down') || /(^|[/\\])down$/.test(parts[0] ?? '');
  return { key, down, specific: words.some((word) => OURS.includes(word)) };
}
