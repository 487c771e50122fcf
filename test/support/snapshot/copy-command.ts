import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { stringify } from 'yaml';
import { sharedBuild } from '../broker.ts';
import { CLI } from '../build.ts';
import { type CommandResult, type Exit, runCommand } from '../daemon.ts';
import { withPgDump } from './copy-daemon.ts';

/** One line of `replicate snapshot --json`. */
export interface CopiedLine {
  readonly target: string;
  readonly tables: number;
  readonly rows: number;
  readonly bytesMoved: number;
}

export interface CopyCommandOptions {
  readonly sourceUrl: string;
  readonly targetUrl: string;
  /** Of the section `snapshot`. */
  readonly snapshot?: Readonly<Record<string, unknown>>;
  readonly args?: readonly string[];
  readonly timeoutMs?: number;
}

/** `replicate snapshot`, which finds a pg_dump that serves every server. */
export async function copyCommand(options: CopyCommandOptions, command = 'snapshot'): Promise<CommandResult> {
  const { args = [], timeoutMs = 120_000 } = options;
  return await runCommand(command, { args, env: await withPgDump(), timeoutMs, config: configOf(options) });
}

/** Starts it and sends the signal after a while; how it ended, and what it said. */
export async function interruptedCopy(
  options: CopyCommandOptions,
  signal: NodeJS.Signals,
  afterMs: number,
): Promise<Exit & { readonly stderr: string }> {
  await sharedBuild();
  const folder = await mkdtemp(join(tmpdir(), 'walcast-command-'));
  try {
    const file = join(folder, 'walcast.yaml');
    await writeFile(file, stringify(configOf(options)));
    const env = { ...process.env, ...(await withPgDump()) };
    const child = spawn(process.execPath, [CLI, 'snapshot', '-c', file], { env, stdio: ['ignore', 'ignore', 'pipe'] });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const ended = new Promise<Exit>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, by) => resolve({ code, signal: by }));
    });
    await Promise.race([ended, delay(afterMs)]);
    child.kill(signal);
    return { ...(await ended), stderr };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function configOf({ sourceUrl, targetUrl, snapshot = {} }: CopyCommandOptions): Readonly<Record<string, unknown>> {
  return {
    name: 'copy',
    source: { postgres: { url: sourceUrl } },
    targets: [{ name: 'replica', postgres: { url: targetUrl } }],
    snapshot,
  };
}

/** The same with `--json`; fails with what the command said. */
export async function copied(options: CopyCommandOptions): Promise<CopiedLine> {
  const result = await copyCommand({ ...options, args: [...(options.args ?? []), '--json'] });
  if (result.code !== 0) throw new Error(`replicate snapshot ended with ${result.code}: ${result.stderr}`);
  const [line] = JSON.parse(result.stdout) as CopiedLine[];
  if (line === undefined) throw new Error(`no target was told: ${result.stdout}`);
  return line;
}
