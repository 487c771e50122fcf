import { type CommandResult, runCommand } from '../daemon.ts';
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
  const { sourceUrl, targetUrl, snapshot = {}, args = [], timeoutMs = 120_000 } = options;
  return await runCommand(command, {
    args,
    env: await withPgDump(),
    timeoutMs,
    config: {
      name: 'copy',
      source: { postgres: { url: sourceUrl } },
      targets: [{ name: 'replica', postgres: { url: targetUrl } }],
      snapshot,
    },
  });
}

/** The same with `--json`; fails with what the command said. */
export async function copied(options: CopyCommandOptions): Promise<CopiedLine> {
  const result = await copyCommand({ ...options, args: [...(options.args ?? []), '--json'] });
  if (result.code !== 0) throw new Error(`replicate snapshot ended with ${result.code}: ${result.stderr}`);
  const [line] = JSON.parse(result.stdout) as CopiedLine[];
  if (line === undefined) throw new Error(`no target was told: ${result.stdout}`);
  return line;
}
