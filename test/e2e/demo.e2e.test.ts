import { execFile, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { guardProcess } from '../../src/app/demo/embedded/index.ts';
import { sharedBuild } from '../support/broker.ts';
import { CLI } from '../support/build.ts';
import { withClient } from '../support/text-client.ts';
import { waitFor } from '../support/wait-for.ts';

const run = promisify(execFile);
const children: (() => void)[] = [];
afterEach(() => {
  for (const end of children.splice(0)) end();
});

/** The demo as a stranger runs it, its output read line by line. */
async function startDemo(...args: string[]) {
  await sharedBuild();
  const child = spawn(process.execPath, [CLI, 'demo', ...args], {
    env: { ...process.env, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (child.pid !== undefined) guardProcess(child.pid, { signal: 'KILL' });
  children.push(() => child.kill('SIGKILL'));
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  createInterface({ input: child.stderr }).on('line', (line) => lines.push(line));
  const exited = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  const line = async (pattern: RegExp, timeoutMs = 60_000): Promise<RegExpExecArray> => {
    const find = () => lines.map((text) => pattern.exec(text)).find((match) => match !== null);
    return await waitFor(find, { what: `${String(pattern)} in the output`, timeoutMs });
  };
  return { child, lines, exited, line };
}

/** The processes that the demo had started and that still run. */
async function leftOf(demo: Awaited<ReturnType<typeof startDemo>>): Promise<string[]> {
  const [, port] = await demo.line(/target postgres:\/\/shop@127\.0\.0\.1:(\d+)\//);
  const { stdout } = await run('ps', ['-A', '-o', 'pid=,args=']).catch(() => ({ stdout: '' }));
  return stdout.split('\n').filter((text) => text.includes(`-p ${port}`));
}

describe('replicate demo', () => {
  it('ends with equal servers after migrations and both kills, and leaves nothing behind', async () => {
    const demo = await startDemo('--seconds', '15');
    expect(await demo.exited, demo.lines.slice(-30).join('\n')).toBe(0);
    const text = demo.lines.join('\n');
    expect(text).toMatch(/kill -9 of the daemon, pid \d+/);
    expect(text).toMatch(/kill -9 of the target, pid \d+/);
    const [, ran, of] = /changes +(\d+) of (\d+) migrations; daemon killed once, target killed once/.exec(text) ?? [];
    expect(Number(ran)).toBeGreaterThanOrEqual(12);
    expect(ran).toBe(of);
    expect(text).toMatch(/^schema +equal/m);
    expect(text).toMatch(/^rows +equal: \d+ tables, [1-9]\d{2,} rows/m);
    expect(text).toMatch(/^lag +p50 [\d.]+ m?s, p99 [\d.]+ m?s/m);
    expect(text).toContain('EQUAL: the target is the source');
    // the shop's statements fit its schema at every moment, but for the few that meet a change
    const [, transactions, repeated] = /writes +(\d+) transactions, \d+ rows; (\d+) transactions met/.exec(text) ?? [];
    expect(Number(repeated)).toBeLessThan(Number(transactions) / 20);
    expect(await leftOf(demo)).toEqual([]);
  });

  it('says so, with exit code 1, when a row and a comment of the target were changed', async () => {
    const demo = await startDemo('--seconds', '10');
    const [, url = ''] = await demo.line(/target (postgres:\S+)/);
    // in its own transaction later than the tables
    await demo.line(/applied .* alter table customers add column/);
    await withClient(url.replace('//shop@', '//postgres@'), async (client) => {
      const { rowCount } = await client.query(`update regions set name = 'Norht' where name = 'North'`);
      expect(rowCount).toBe(1);
      await client.query(`comment on table regions is 'not on the source'`);
    });
    expect(await demo.exited).toBe(1);
    const text = demo.lines.join('\n');
    expect(text).toContain('public.regions: 5 rows on the source, 5 rows on the target, but not the same');
    expect(text).toContain('comment table public.regions: only on the target');
    expect(text).toMatch(/^schema +1 difference:/m);
    // the materialized view of the regions was computed from the changed row
    expect(text).toContain('public.region_labels: 5 rows on the source, 5 rows on the target, but not the same');
    expect(text).toMatch(/^rows +2 differences:/m);
    expect(text).toContain('NOT EQUAL');
  });

  it('goes within ten seconds of SIGTERM, together with everything it has started', async () => {
    const demo = await startDemo('--keep');
    await demo.line(/migration 2 of/);
    const begun = performance.now();
    demo.child.kill('SIGTERM');
    expect(await demo.exited).toBe(143);
    expect(performance.now() - begun).toBeLessThan(10_000);
    await waitFor(async () => (await leftOf(demo)).length === 0, { what: 'the servers to end' });
  });

  it('--keep writes until Ctrl-C and then compares', async () => {
    const demo = await startDemo('--keep', '--seconds', '10');
    await demo.line(/migration 3 of/);
    demo.child.kill('SIGINT');
    expect(await demo.exited, demo.lines.slice(-20).join('\n')).toBe(0);
    expect(demo.lines.join('\n')).toMatch(/EQUAL: the target is the source/);
  });
});
