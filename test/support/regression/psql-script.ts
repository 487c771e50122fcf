import { spawn } from 'node:child_process';
import { chmod } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pgDump } from '../pg-dump.ts';

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

const MARK = 'walcast-piece-is-done';

/** psql of the same installation as pg_dump: it knows all servers that are older. */
async function psqlPath(): Promise<string> {
  const dump = await pgDump();
  if (dump === 'pg_dump') return 'psql';
  const path = join(dirname(dump), 'psql');
  // unpacked without permissions
  await chmod(path, 0o755);
  return path;
}

/** Feeds the pieces to one psql; between two of them it waits until psql has done the first, and then for `between`. */
export async function runPsql(
  pieces: readonly string[],
  between: () => Promise<void>,
  { url, cwd, env, timeoutMs }: PsqlOptions,
): Promise<PsqlResult> {
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(await psqlPath(), ['-X', '-d', url], { cwd, env: { PATH, HOME, ...env } });
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
  let stdout = '';
  let stderr = '';
  let marks = 0;
  let changed = (): void => undefined;
  let ended = false;
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    marks = stderr.split(MARK).length - 1;
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
      child.stdin.write(`\\warn ${MARK}\n`);
      while (marks <= index && !ended) await new Promise<void>((resolve) => (changed = resolve));
      await between();
    }
    child.stdin.end();
    const signal = await exit;
    if (signal !== null) throw new Error(`psql ended by ${signal} (bound ${timeoutMs} ms)`);
    return { stdout, stderr: stderr.replaceAll(`${MARK}\n`, '') };
  } finally {
    clearTimeout(timer);
    child.kill('SIGKILL');
    await exit.catch(() => undefined);
  }
}
