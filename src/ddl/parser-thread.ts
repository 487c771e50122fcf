import { createRequire } from 'node:module';
import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';

/** libpg-query never gives memory back, so it lives in a thread that ends … after texts of this length together, */
const BYTES_PER_THREAD = 4 * 1024 * 1024;
/** … after a text longer than this, */
export const LARGE_TEXT_BYTES = 64 * 1024;
/** … and when nobody has asked for this long. */
const IDLE_MS = 20_000;
/** Nobody waits longer for one text; 20 MB take 1.3 s. */
const TIMEOUT_MS = 120_000;

/**
 * Plain JavaScript, since a thread starts from a file or a text and this package runs as sources and built. Rows and long literals stay
 * behind: nothing asks for them, and they would come as a copy.
 */
const PROGRAM = `
const { parentPort, workerData } = require('node:worker_threads');
const { loadModule, parseSync, scanSync } = require(workerData.library);
const ROWS = new Set(['InsertStmt', 'UpdateStmt', 'DeleteStmt', 'MergeStmt', 'CopyStmt']);
const shorten = (key, value) =>
  typeof value === 'string' && value.length > 256 ? value.slice(0, 128) + '…' + value.length : ROWS.has(key) ? {} : value;
const loaded = loadModule();
parentPort.on('message', async ({ what, text, whole }) => {
  try {
    await loaded;
    const result = what === 'parse' ? parseSync(text) : scanSync(text);
    parentPort.postMessage({ result: whole ? result : JSON.parse(JSON.stringify(result, shorten)) });
  } catch (error) {
    parentPort.postMessage({ message: String(error && error.message || error) });
  }
});
`;

interface Answer {
  readonly result?: unknown;
  readonly message?: string;
}

interface Thread {
  readonly worker: Worker;
  length: number;
}

let thread: Thread | null = null;
let queue: Promise<unknown> = Promise.resolve();
let idle: NodeJS.Timeout | null = null;

/**
 * The parser's answer for one text, `whole` or with long literals and rows left out. Rejects with the parser's own message. One text at a
 * time: callers wait their turn.
 */
export function inParserThread(what: 'parse' | 'scan', text: string, whole: boolean): Promise<unknown> {
  const turn = queue.then(() => ask(what, text, whole));
  queue = turn.catch(() => undefined);
  return turn;
}

async function ask(what: 'parse' | 'scan', text: string, whole: boolean): Promise<unknown> {
  if (idle !== null) clearTimeout(idle);
  idle = null;
  thread ??= start();
  const { worker } = thread;
  thread.length += text.length;
  try {
    const answer = await answerOf(worker, { what, text, whole });
    if (answer.message !== undefined) throw new SyntaxError(answer.message);
    return answer.result;
  } finally {
    if (thread.length > BYTES_PER_THREAD || text.length > LARGE_TEXT_BYTES || worker.threadId < 0) end();
    else idle = setTimeout(end, IDLE_MS).unref();
  }
}

function start(): Thread {
  // The optimising WebAssembly compiler takes 40 MB for this library; the baseline code answers within the same millisecond.
  setFlagsFromString('--liftoff-only');
  const library = createRequire(import.meta.url).resolve('libpg-query');
  const worker = new Worker(PROGRAM, {
    eval: true,
    workerData: { library },
    resourceLimits: { maxYoungGenerationSizeMb: 8 },
  });
  worker.unref();
  return { worker, length: 0 };
}

function end(): void {
  const ended = thread;
  thread = null;
  idle = null;
  void ended?.worker.terminate();
}

function answerOf(worker: Worker, question: object): Promise<Answer> {
  return new Promise<Answer>((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      worker.off('message', answered).off('error', failed).off('exit', gone);
      worker.unref();
    };
    const answered = (answer: Answer): void => {
      stop();
      resolve(answer);
    };
    const failed = (error: Error): void => {
      stop();
      end();
      reject(error);
    };
    const gone = (): void => failed(new Error('the parser thread ended'));
    const timer = setTimeout(() => failed(new Error(`parsing took longer than ${TIMEOUT_MS} ms`)), TIMEOUT_MS);
    worker.ref();
    worker.on('message', answered).on('error', failed).on('exit', gone);
    worker.postMessage(question);
  });
}
