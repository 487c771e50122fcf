import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCommand, startDaemon } from '../../support/daemon.ts';

/** Keeps the contract of the CLI's process: JSON lines on stderr, HTTP where the file says, an end on SIGTERM. */
const PROGRAM = `import { createServer } from 'node:http';
import { readFileSync } from 'node:fs';
const [command, ...args] = process.argv.slice(2);
if (command !== 'run') {
  process.stdout.write(JSON.stringify({ command, args: args.filter((arg) => !arg.startsWith('/')), extra: process.env.EXTRA }));
  process.stderr.write('a warning');
  process.exit(3);
}
const file = readFileSync(args[args.indexOf('-c') + 1], 'utf8');
const port = Number(/127.0.0.1:(\\d+)/.exec(file)[1]);
createServer((_, response) => response.writeHead(503).end('not yet')).listen(port, '127.0.0.1', () => {
  process.stderr.write(JSON.stringify({ msg: 'up', name: /name: (.*)/.exec(file)[1] }) + '\\nplain\\n');
});
process.on('SIGTERM', () => process.exit(0));`;

describe('the daemon of a test', () => {
  let folder: string;
  let program: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'walcast-test-'));
    program = join(folder, 'program.mjs');
    await writeFile(program, PROGRAM);
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('reads its config, logs, answers HTTP and ends on SIGTERM', async () => {
    const daemon = await startDaemon({ program, config: { name: 'main' } });
    const up = await daemon.waitForLog((line) => line['msg'] === 'up', 'its start');
    expect(up).toEqual({ msg: 'up', name: 'main' });
    await daemon.waitForLog((line) => line['raw'] === 'plain', 'a plain line');
    expect(await daemon.http('/readyz')).toEqual({ status: 503, body: 'not yet' });
    expect(await daemon.stop()).toEqual({ code: 0, signal: null });
  });

  it('can be killed, and a wait for its log then fails at once', async () => {
    const daemon = await startDaemon({ program, config: { name: 'main' } });
    await daemon.waitForLog((line) => line['msg'] === 'up', 'its start');
    expect(daemon.kill('SIGKILL')).toBe(true);
    expect(await daemon.exited).toEqual({ code: null, signal: 'SIGKILL' });
    await expect(daemon.waitForLog(() => false, 'never')).rejects.toThrow(/ended before never.*"up"/s);
  });

  it('shares its settings with single commands, whose exit code is a result', async () => {
    const result = await runCommand('status --json', { program, config: { name: 'x' }, env: { EXTRA: '1' } });
    expect(result.code).toBe(3);
    expect(result.stderr).toBe('a warning');
    expect(JSON.parse(result.stdout)).toEqual({ command: 'status', args: ['--json', '-c'], extra: '1' });
  });
});
