import { execFile } from 'node:child_process';
import { readdir, realpath } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const VERSION_TIMEOUT_MS = 10_000;

/** Where packages of the usual systems put the clients of several versions side by side; `*` stands for one name. */
const FOLDERS = [
  '/usr/lib/postgresql/*/bin',
  '/usr/pgsql-*/bin',
  '/usr/libexec/postgresql*',
  '/opt/homebrew/opt/postgresql@*/bin',
  '/opt/homebrew/opt/libpq/bin',
  '/usr/local/opt/postgresql@*/bin',
  '/usr/local/opt/libpq/bin',
  '/usr/local/pgsql/bin',
  '/Applications/Postgres.app/Contents/Versions/*/bin',
];

/** Debian's chooses a version by itself, not always the one that it names when it is asked. */
const CHOOSERS: ReadonlySet<string> = new Set(['pg_wrapper']);

export interface PgDump {
  readonly path: string;
  readonly major: number;
  /** As it names it itself. */
  readonly version: string;
}

export type PgDumpSearch =
  | { readonly kind: 'found'; readonly pgDump: PgDump }
  /** `why` as the rest of a sentence. */
  | { readonly kind: 'missing'; readonly why: string };

/** The folders of PATH, then those of packages. */
export async function pgDumpFolders(path: string = process.env['PATH'] ?? ''): Promise<string[]> {
  const known = await Promise.all(FOLDERS.map(expand));
  return [...new Set([...path.split(':').filter((folder) => folder !== ''), ...known.flat()])];
}

/**
 * A pg_dump refuses servers newer than itself; of those that serve, the nearest version above is taken, since a newer one may write what an
 * older target does not know.
 */
export async function findPgDump(serverMajor: number, folders: readonly string[]): Promise<PgDumpSearch> {
  const seen = new Set<string>();
  const found: PgDump[] = [];
  for (const folder of folders) {
    const path = join(folder, 'pg_dump');
    const real = await realpath(path).catch(() => null);
    if (real === null || seen.has(real) || CHOOSERS.has(basename(real))) continue;
    seen.add(real);
    const pgDump = await pgDumpAt(path);
    if (pgDump !== null) found.push(pgDump);
  }
  const [nearest] = found.filter(({ major }) => major >= serverMajor).sort((a, b) => a.major - b.major);
  if (nearest !== undefined) return { kind: 'found', pgDump: nearest };
  const old = found.map(({ version }) => version).join(', ');
  const why = old === '' ? 'there is no pg_dump on this machine' : `there is only pg_dump ${old} on this machine`;
  return { kind: 'missing', why: `${why}, and the source is PostgreSQL ${serverMajor}` };
}

/** Null: it does not run. */
export async function pgDumpAt(path: string): Promise<PgDump | null> {
  try {
    const { stdout } = await run(path, ['--version'], { timeout: VERSION_TIMEOUT_MS });
    const [, version, major] = /((\d+)[.\w]*)/.exec(stdout) ?? [];
    return version === undefined ? null : { path, version, major: Number(major) };
  } catch {
    return null;
  }
}

async function expand(pattern: string): Promise<string[]> {
  const parts = pattern.split('/');
  const at = parts.findIndex((part) => part.includes('*'));
  if (at < 0) return [pattern];
  const parent = parts.slice(0, at).join('/');
  const [before = '', after = ''] = (parts[at] ?? '').split('*');
  const names = await readdir(parent).catch(() => []);
  return names
    .filter((name) => name.length > before.length && name.startsWith(before) && name.endsWith(after))
    .map((name) => [parent, name, ...parts.slice(at + 1)].join('/'));
}
