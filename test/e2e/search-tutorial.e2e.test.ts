import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { freePort } from '../../src/app/demo/embedded/index.ts';
import { sharedBuild } from '../support/broker.ts';
import { CLI } from '../support/build.ts';
import { OpenSearchNode } from '../support/opensearch/index.ts';
import { pgDump } from '../support/pg-dump.ts';
import { type DatabasePair, testDatabases } from '../support/test-databases.ts';
import { waitFor } from '../support/wait-for.ts';

const PAGE = join(import.meta.dirname, '..', '..', 'docs', 'search.md');
const HEADING = 'From PostgreSQL to OpenSearch in five minutes';
/** What the page says of addresses that belong to somebody else on this machine. */
const LISTEN = '127.0.0.1:9464';

interface Step {
  readonly commands: string;
  /** Stands in what they print. */
  readonly prints: string | null;
}

/** The commands of the section in their order, and what the page shows as their answer. */
function readSteps(page: string): Step[] {
  const section = page.split(/^## /m).find((part) => part.startsWith(HEADING)) ?? '';
  const blocks = [...section.matchAll(/^```(sh|json)\n([\s\S]*?)^```$/gm)];
  return blocks.flatMap(([, kind, text = ''], i) => {
    if (kind !== 'sh') return [];
    const [, next, answer = ''] = blocks[i + 1] ?? [];
    return [{ commands: text, prints: next === 'json' ? answer.trim() : null }];
  });
}

let folder: string;
let pair: DatabasePair;
let node: OpenSearchNode;
let shell: Shell;

afterEach(async () => {
  await shell.end();
  await node.destroy();
  await pair.dispose();
  await rm(folder, { recursive: true, force: true });
});

it('the commands of docs/search.md do what it says', async () => {
  const steps = readSteps(await readFile(PAGE, 'utf8'));
  expect(steps.length).toBeGreaterThan(6);
  await sharedBuild();
  pair = await testDatabases();
  node = await OpenSearchNode.create();
  await node.start();
  folder = await mkdtemp(join(tmpdir(), 'walcast-tutorial-'));
  const bin = join(folder, 'bin');
  await mkdir(bin);
  await writeFile(join(bin, 'replicate'), `#!/bin/sh\nexec '${process.execPath}' '${CLI}' "$@"\n`);
  await chmod(join(bin, 'replicate'), 0o755);
  const listen = `127.0.0.1:${await freePort()}`;
  // Where pg_dump had to be fetched, psql lies beside it.
  const path = [bin, dirname(await pgDump()), process.env['PATH']].filter((part) => part !== '.').join(delimiter);
  shell = new Shell(folder, {
    ...{ PATH: path, HOME: folder, NO_COLOR: '1' },
    ...{ SOURCE_URL: pair.source.url(), OPENSEARCH_URL: node.url, REPLICATE_LISTEN: listen },
  });
  for (const { commands, prints } of steps) {
    const here = commands.replaceAll(LISTEN, listen);
    const output = await shell.run(here);
    if (prints === null || output.includes(prints)) continue;
    // "A moment later": the page lets its reader wait.
    let last = output;
    const again = async (): Promise<boolean> => (last = await shell.run(here)).includes(prints);
    await waitFor(again, { what: `${prints} from ${commands}`, timeoutMs: 20_000, everyMs: 250 }).catch(
      (cause: unknown) => {
        throw new Error(`the last answer was ${last}`, { cause });
      },
    );
  }
  const status = await shell.run('replicate status -c walcast.yaml');
  expect(status).toContain('search');
}, 240_000);

/** One shell session, as a reader has it: what runs in the background goes on between blocks. */
class Shell {
  readonly #process: ChildProcess;
  #output = '';
  #blocks = 0;

  constructor(cwd: string, env: NodeJS.ProcessEnv) {
    this.#process = spawn('bash', ['--noprofile', '--norc'], {
      cwd,
      env,
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
    });
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => (this.#output += text));
    }
  }

  /** What a block prints. A command that fails is a failure. */
  async run(commands: string): Promise<string> {
    const mark = `--- block ${++this.#blocks} ended by`;
    this.#output = '';
    this.#process.stdin?.write(`{\n${commands}\n}\necho; echo "${mark} $?"\n`);
    const ended = await waitFor(() => new RegExp(`${mark} (\\d+)`).exec(this.#output), {
      what: `the end of: ${commands}`,
      timeoutMs: 90_000,
    }).catch((cause: unknown) => {
      throw new Error(this.#output, { cause });
    });
    const output = this.#output.slice(0, ended.index);
    if (ended[1] !== '0') throw new Error(`exit code ${ended[1]} of: ${commands}\n${output}`);
    return output;
  }

  /** With all that it started. */
  async end(): Promise<void> {
    const { pid } = this.#process;
    const ended = new Promise((resolve) => this.#process.once('exit', resolve));
    if (pid !== undefined && this.#process.exitCode === null) {
      process.kill(-pid, 'SIGKILL');
      await ended;
    }
  }
}
