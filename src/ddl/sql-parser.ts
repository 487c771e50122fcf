import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import { type Ast, child, isAst, listOf } from './ast.ts';

/** libpg-query never gives memory back: a longer text is parsed in a thread that ends with it. */
export const IN_PROCESS_LIMIT_BYTES = 64 * 1024;

/** Nobody waits longer for one text; 20 MB take 1.3 s. */
const PARSE_TIMEOUT_MS = 120_000;

/** One statement of a text. The offsets count UTF-8 bytes. */
export interface RawStatement {
  readonly tree: Ast;
  readonly start: number;
  readonly end: number;
}

export interface Token {
  readonly start: number;
  readonly end: number;
  /** The token as it stands in the text; only of short tokens. */
  readonly text: string;
}

interface PgQuery {
  loadModule(): Promise<void>;
  parseSync(text: string): unknown;
  scanSync(text: string): unknown;
}

/**
 * Plain JavaScript, since a thread starts from a file or a text and this package runs as sources and built. Rows and long literals stay
 * behind: nothing asks for them, and they would come as a copy.
 */
const WORKER = `
const { parentPort, workerData } = require('node:worker_threads');
const { loadModule, parseSync, scanSync } = require(workerData.library);
const ROWS = new Set(['InsertStmt', 'UpdateStmt', 'DeleteStmt', 'MergeStmt', 'CopyStmt']);
const shorten = (key, value) =>
  typeof value === 'string' && value.length > 256 ? value.slice(0, 128) + '…' + value.length : ROWS.has(key) ? {} : value;
loadModule().then(() => {
  const result = workerData.what === 'parse' ? parseSync(workerData.text) : scanSync(workerData.text);
  parentPort.postMessage(JSON.parse(JSON.stringify(result, shorten)));
});
`;

/**
 * Splits a text into statements. `apart` forces the thread, so that the trees of two versions of one text are comparable (the thread
 * shortens long literals). Rejects with the parser's error for a text that is not SQL.
 */
export async function parseSql(text: string, apart = isLarge(text)): Promise<RawStatement[]> {
  const tree = apart ? await inThread('parse', text) : (await library()).parseSync(text);
  const length = Buffer.byteLength(text);
  return (isAst(tree) ? listOf(tree, 'stmts') : []).map((raw) => {
    const start = typeof raw['stmt_location'] === 'number' ? raw['stmt_location'] : 0;
    const size = typeof raw['stmt_len'] === 'number' ? raw['stmt_len'] : length - start;
    return { tree: child(raw, 'stmt') ?? {}, start, end: start + size };
  });
}

export async function scanSql(text: string): Promise<Token[]> {
  const result = isLarge(text) ? await inThread('scan', text) : (await library()).scanSync(text);
  return (isAst(result) ? listOf(result, 'tokens') : []).map((token) => ({
    start: Number(token['start']),
    end: Number(token['end']),
    text: String(token['text']),
  }));
}

export function isLarge(text: string): boolean {
  return text.length > IN_PROCESS_LIMIT_BYTES || Buffer.byteLength(text) > IN_PROCESS_LIMIT_BYTES;
}

let loading: Promise<PgQuery> | undefined;

function library(): Promise<PgQuery> {
  loading ??= import('libpg-query').then(async (loaded: PgQuery) => {
    await loaded.loadModule();
    return loaded;
  });
  return loading;
}

function inThread(what: 'parse' | 'scan', text: string): Promise<unknown> {
  const library = createRequire(import.meta.url).resolve('libpg-query');
  const worker = new Worker(WORKER, { eval: true, workerData: { library, what, text } });
  const outcome = new Promise<unknown>((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`parsing took longer than ${PARSE_TIMEOUT_MS} ms`)),
      PARSE_TIMEOUT_MS,
    );
    timer.unref();
    worker.once('message', (message: unknown) => {
      clearTimeout(timer);
      resolve(message);
    });
    worker.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
  });
  return outcome.finally(() => worker.terminate());
}
