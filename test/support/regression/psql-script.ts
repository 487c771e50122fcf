import { execFile, spawn } from 'node:child_process';
import { chmod, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { pgDump } from '../pg-dump.ts';
import { withCopyEnds } from './script.ts';

const run = promisify(execFile);

/** Where Debian puts the programs of each version. */
const DEBIAN = '/usr/lib/postgresql';

export interface PsqlOptions {
  readonly url: string;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

export interface PsqlResult {
  readonly stdout: string;
  readonly stderr: string;
}

const MARK = /^walcast: (\w{5})\n/gm;

/** Older ones lack \getenv, which the files begin with. */
const OLDEST = 15;
/** From here on psql passes over what follows a COPY FROM STDIN that was refused, up to a `\.` that the files do not have. */
const SKIPPING = 18;

interface Psql {
  readonly path: string;
  /** The files are made for psqls that go on right after a refused COPY. */
  readonly skips: boolean;
}

/** One of this machine that does not skip, else the one that lies beside pg_dump. */
async function findPsql(): Promise<Psql> {
  const installed = await readdir(DEBIAN).catch(() => []);
  for (const path of ['psql', ...installed.map((name) => join(DEBIAN, name, 'bin', 'psql'))]) {
    const major = await majorOf(path);
    if (major >= OLDEST && major < SKIPPING) return { path, skips: false };
  }
  const dump = await pgDump();
  if (dump === 'pg_dump') return { path: 'psql', skips: true };
  const path = join(dirname(dump), 'psql');
  await chmod(path, 0o755); // unpacked without permissions
  return { path, skips: true };
}

async function majorOf(path: string): Promise<number> {
  const { stdout } = await run(path, ['--version']).catch(() => ({ stdout: '' }));
  return Number(/(\d+)\./.exec(stdout)?.[1] ?? 0);
}

/** Feeds the pieces to one psql; between two of them it waits until psql has done the first, and then for `between`, which is told whether its last statement went well. */
export async function runPsql(
  pieces: readonly string[],
  between: (piece: string, done: boolean) => Promise<void>,
  { url, cwd, env, timeoutMs }: PsqlOptions,
): Promise<PsqlResult> {
  const { PATH = '', HOME = '' } = process.env;
  const psql = await findPsql();
  const child = spawn(psql.path, ['-X', '-d', url], { cwd, env: { PATH, HOME, ...env } });
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
  let stdout = '';
  let stderr = '';
  let marks: string[] = [];
  let changed = (): void => undefined;
  let ended = false;
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    marks = [...stderr.matchAll(MARK)].map(([, sqlstate = '']) => sqlstate);
    changed();
  });
  child.stdin.on('error', () => undefined); // it has quit, as some scripts do
  const exit = new Promise<NodeJS.Signals | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (_, signal) => {
      ended = true;
      changed();
      resolve(signal);
    });
  });
  exit.catch(() => undefined); // awaited at the end
  try {
    for (const [index, piece] of pieces.entries()) {
      if (ended) break;
      child.stdin.write(psql.skips ? withCopyEnds(piece) : piece);
      if (index === pieces.length - 1) break;
      child.stdin.write('\\warn walcast: :SQLSTATE\n');
      while (marks.length <= index && !ended) await new Promise<void>((resolve) => (changed = resolve));
      await between(piece, marks[index] === '00000');
    }
    child.stdin.end();
    const signal = await exit;
    if (signal !== null) throw new Error(`psql ended by ${signal} (bound ${timeoutMs} ms)`);
    return { stdout, stderr: stderr.replace(MARK, '') };
  } finally {
    clearTimeout(timer);
    child.kill('SIGKILL');
    await exit.catch(() => undefined);
  }
}
