import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { redactText, secretsOfUrls } from '../../../errors/redact.ts';
import { WalcastError } from '../../../errors/walcast-error.ts';
import type { SchemaSection } from '../../../wal/snapshot.ts';
import type { PgDump } from './find-pg-dump.ts';
import { pgDumpEnvironment } from './pg-dump-environment.ts';

export interface DumpOptions {
  readonly pgDump: PgDump;
  readonly url: string;
  /** Of an exported snapshot, which has to stay open. */
  readonly exportId: string;
  readonly lockTimeoutMs: number;
  readonly signal: AbortSignal;
}

const SHOWN_ERROR_BYTES = 8 * 1024;
/** From asking it to end to ending it. */
const KILL_AFTER_MS = 5_000;

/** The text of a section as it comes, cut anywhere. Ends with an error unless pg_dump says that it is complete. */
export async function* dumpSection(section: SchemaSection, options: DumpOptions): AsyncGenerator<string> {
  const { pgDump, url, signal } = options;
  signal.throwIfAborted();
  const child = spawn(pgDump.path, dumpArguments(section, options), {
    env: pgDumpEnvironment(url),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'close') as Promise<[code: number | null, killedBy: string | null]>;
  // It is awaited below, after what may throw before.
  ended.catch(() => undefined);
  const stop = (): void => {
    child.kill('SIGTERM');
    setTimeout(() => child.kill('SIGKILL'), KILL_AFTER_MS).unref();
  };
  signal.addEventListener('abort', stop, { once: true });
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    if (complaint.length < SHOWN_ERROR_BYTES) complaint += text.slice(0, SHOWN_ERROR_BYTES);
  });
  try {
    // A name that is no UTF-8 is an error, not a name with a replacement character.
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    for await (const bytes of child.stdout as AsyncIterable<Buffer>) yield decoder.decode(bytes, { stream: true });
    yield decoder.decode();
    const [code, killedBy] = await ended;
    signal.throwIfAborted();
    if (code !== 0)
      throw failed(complaint.trim() || (killedBy === null ? `exit ${code}` : `killed by ${killedBy}`), options);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof WalcastError) throw error;
    throw failed(error instanceof Error ? error.message : String(error), options, error);
  } finally {
    signal.removeEventListener('abort', stop);
    if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) stop();
  }
}

/**
 * post-data comes without --schema-only: it holds no rows, but REFRESH MATERIALIZED VIEW for those that are filled on the source, in an order
 * in which each finds what it reads.
 */
export function dumpArguments(section: SchemaSection, options: DumpOptions): string[] {
  return [
    ...(section === 'pre-data' ? ['--schema-only'] : []),
    `--section=${section}`,
    '--format=plain',
    '--encoding=UTF8',
    `--snapshot=${options.exportId}`,
    '--no-publications',
    '--no-subscriptions',
    '--exclude-schema=walcast',
    `--lock-wait-timeout=${options.lockTimeoutMs}`,
    '--no-password',
  ];
}

function failed(why: string, { pgDump, url }: DumpOptions, cause?: unknown): WalcastError {
  const text = redactText(why, secretsOfUrls([url]));
  return new WalcastError('E_PG_DUMP', `pg_dump ${pgDump.version} did not read the schema of the source: ${text}`, {
    ...(cause === undefined ? {} : { cause }),
    fields: { pgDump: pgDump.path },
  });
}
