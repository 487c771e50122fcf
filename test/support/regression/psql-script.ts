import { execFile, spawn } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

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

/** Older ones lack \getenv; 18 passes over what follows a COPY FROM STDIN that was refused, up to a \. that the files do not have. */
const KNOWN = [15, 16, 17];

async function psqlPath(): Promise<string> {
  const installed = await readdir(DEBIAN).catch(() => []);
  const folders = installed
    .filter((name) => KNOWN.includes(Number(name)))
    .map((name) => join(DEBIAN, name, 'bin', 'psql'));
  for (const path of ['psql', ...folders]) {
    const version = await run(path, ['--version']).catch(() => ({ stdout: '' }));
    if (KNOWN.includes(Number(/(\d+)\./.exec(version.stdout)?.[1]))) return path;
  }
  throw new Error(`the regression files need psql ${KNOWN.join(' or ')}: install postgresql-client of one of them`);
}

/** Feeds the pieces to one psql; between two of them it waits until psql has done the first, and then for `between`, which is told whether its last statement went well. */
export async function runPsql(
  pieces: readonly string[],
  between: (piece: string, done: boolean) => Promise<void>,
  { url, cwd, env, timeoutMs }: PsqlOptions,
): Promise<PsqlResult> {
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(await psqlPath(), ['-X', '-d', url], { cwd, env: { PATH, HOME, ...env } });
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
      child.stdin.write(piece);
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
