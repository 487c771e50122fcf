import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { OPTIONS } from '../config/options.ts';
import { runCli } from './program.ts';

/** Runs a command line inside the test, with what it printed. */
async function run(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const out: string[] = [];
  const err: string[] = [];
  const into = (list: string[]) =>
    new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        list.push(chunk.toString());
        done();
      },
    });
  const code = await runCli(args, { stdout: into(out), stderr: into(err), env });
  return { code, out: out.join(''), err: err.join('') };
}

describe('replicate', () => {
  it('prints its help to stdout when asked, and to stderr with exit code 2 when called with nothing', async () => {
    const asked = await run(['--help']);
    expect(asked).toMatchObject({ code: 0, err: '' });
    for (const command of ['init', 'run', 'status', 'check', 'snapshot', 'destroy', 'demo', 'config']) {
      expect(asked.out).toMatch(new RegExp(`^ {2}${command} `, 'm'));
    }
    expect(asked.out).toContain('Exit codes: 0 ok');
    const nothing = await run([]);
    expect(nothing).toMatchObject({ code: 2, out: '' });
    expect(nothing.err).toContain('Usage: replicate');
  });

  it('does not offer commands that this version lacks', async () => {
    for (const later of ['verify', 'resync', 'cutover', 'ddl', 'target', 'migrations']) {
      expect((await run([later])).code).toBe(2);
    }
  });

  it.each(['init', 'run', 'status', 'check', 'snapshot', 'destroy', 'config print'])(
    'shows flag, variable and default of every setting in the help of %s',
    async (command) => {
      const { code, out } = await run([...command.split(' '), '--help']);
      expect(code).toBe(0);
      const words = out.replace(/\s+/g, ' ');
      expect(words).toContain('-c, --config <file> configuration file (env REPLICATE_CONFIG)');
      for (const { flag, env } of OPTIONS) {
        expect(words).toContain(flag);
        expect(words).toContain(env);
      }
      expect(words).toContain('default 127.0.0.1:9464');
    },
  );

  it('ends with 2 and names the mistake for an unknown command, flag or value', async () => {
    expect(await run(['frobnicate'])).toMatchObject({ code: 2, out: '' });
    expect((await run(['frobnicate'])).err).toContain("unknown command 'frobnicate'");
    expect((await run(['run', '--sorce-url', 'x'])).err).toContain('Did you mean --source-url?');
    expect((await run(['init', '--replica-identity', 'maybe'])).code).toBe(2);
    for (const seconds of ['9', '1e3', '-5', 'x']) expect((await run(['demo', '--seconds', seconds])).code).toBe(2);
  });

  it('says what is wrong with the configuration, where, and what to do', async () => {
    const { code, out, err } = await run(['run', '--source-url', 'mysql://root:geheim@h/d']);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain('error E_CONFIG: flag --source-url: source.postgres.url: has to start with postgres://');
    expect(err).toContain('what to do:');
    expect(err).not.toContain('geheim');
    expect(err).not.toMatch(/^\s+at /m);
  });

  it('asks for --yes where nobody can be asked, before it touches anything', async () => {
    const { code, err } = await run(['destroy', '--source-url', 'postgres://127.0.0.1:1/d']);
    expect(code).toBe(2);
    expect(err).toContain('--yes');
  });

  it('prints the settings in force with their origin and without passwords', async () => {
    const env = { REPLICATE_SOURCE_URL: 'postgres://u:geheim@h/d' };
    const { code, out } = await run(['config', 'print', '--name', 'shop'], env);
    expect(code).toBe(0);
    expect(out).toMatch(/^name +"shop" +flag --name$/m);
    expect(out).toMatch(/^source\.postgres\.url +"postgres:\/\/u:\*\*\*@h\/d" +env REPLICATE_SOURCE_URL$/m);
    const json = JSON.parse((await run(['config', 'print', '--json'], env)).out) as { path: string }[];
    expect(json.map(({ path }) => path)).toContain('server.listen');
  });

  it('prints a JSON schema', async () => {
    const { out } = await run(['config', 'schema']);
    expect(JSON.parse(out)).toMatchObject({ type: 'object', properties: { source: {}, targets: {} } });
  });
});
