import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { isPostgresMajor, type PostgresMajor } from '../src/app/demo/embedded/index.ts';
import { BUILT_CLI } from './paths.ts';

/** Ours with values in binary form, to be held against native-binary. */
export const BINARY_DAEMON = 'walcast-binary';

export interface DaemonBuild {
  /** The command line program. */
  readonly program: string;
  readonly nodeOptions: string;
  /** `source.postgres.binary` */
  readonly binary: 'auto' | 'off';
}

export interface BenchOptions {
  /** Ids of workloads; empty: all. */
  readonly workloads: readonly string[];
  readonly contestants: readonly string[];
  readonly rounds: number;
  /** Of the full size of each workload. */
  readonly scale: number;
  readonly fsync: boolean;
  /** On both targets alike; `off` is what native subscriptions use by default. */
  readonly synchronousCommit: 'on' | 'off';
  readonly major: PostgresMajor;
  /** The daemons that compete, by name. */
  readonly daemons: ReadonlyMap<string, DaemonBuild>;
  readonly json: string | undefined;
  readonly plot: string | undefined;
  readonly profile: string | undefined;
  readonly smoke: boolean;
  readonly writeBaseline: boolean;
}

export const HELP = `npm run bench -- [W1 W1b W2 W3 W4 W5 W6 W7 W7b …] [options]
  --quick                 a fiftieth of the size (W7: a tenth), one round
  --scale F               size of the workloads, 1 = full
  --rounds N              rounds, interleaved; the medians are reported (default 3; with --quick 1)
  --only a,b              contestants: walcast, walcast-binary, native-text, native-binary, recvlogical, reader; W7: walcast, snapshot, native, native-binary, pipe, pipe+keys
  --fsync on|off          both servers (default off)
  --synchronous-commit on|off   both targets alike (default off, as subscriptions have it)
  --pg 14|15|16|17|18     server version (default 15)
  --daemon "NAME=MAIN_JS [--node-option …]"   another build, or other options of Node, beside the one in dist; may be repeated
  --json FILE             all measurements
  --plot FILE             the ratios as SVG
  --profile FOLDER        CPU profiles and memory of our daemon (costs speed)
  --smoke                 a twentieth of W1 to W4, three rounds, against bench/baseline.json: exit code 1 when a ratio has fallen
  --write-baseline        the same, and keep the ratios as bench/baseline.json`;

const QUICK_SCALE = 0.02;
/** Larger than quick: below, the daemon's first second, in which its code is compiled, is most of what is measured. */
const SMOKE_SCALE = 0.05;

export function readOptions(args: readonly string[]): BenchOptions | 'help' {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      smoke: { type: 'boolean', default: false },
      'write-baseline': { type: 'boolean', default: false },
      scale: { type: 'string' },
      rounds: { type: 'string' },
      only: { type: 'string' },
      fsync: { type: 'string', default: 'off' },
      'synchronous-commit': { type: 'string', default: 'off' },
      pg: { type: 'string', default: '15' },
      daemon: { type: 'string', multiple: true, default: [] },
      json: { type: 'string' },
      plot: { type: 'string' },
      profile: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  const smoke = values.smoke || values['write-baseline'];
  const quick = values.quick || smoke;
  const major = Number(values.pg);
  if (!isPostgresMajor(major)) throw new Error(`--pg ${values.pg}: there are 14, 15, 16, 17 and 18`);
  return {
    workloads: positionals,
    contestants: values.only?.split(',') ?? [],
    rounds: positive(values.rounds, quick && !smoke ? 1 : 3, '--rounds'),
    scale: positive(values.scale, smoke ? SMOKE_SCALE : quick ? QUICK_SCALE : 1, '--scale'),
    fsync: onOff(values.fsync, '--fsync') === 'on',
    synchronousCommit: onOff(values['synchronous-commit'], '--synchronous-commit'),
    major,
    daemons: new Map([
      ['walcast', { program: BUILT_CLI, nodeOptions: '', binary: 'off' }],
      [BINARY_DAEMON, { program: BUILT_CLI, nodeOptions: '', binary: 'auto' }],
      ...values.daemon.map(namedDaemon),
    ]),
    json: values.json,
    plot: values.plot,
    profile: values.profile,
    smoke,
    writeBaseline: values['write-baseline'],
  };
}

function namedDaemon(text: string): [string, DaemonBuild] {
  const at = text.indexOf('=');
  if (at < 1) throw new Error(`--daemon ${text}: expected NAME=FILE`);
  const [program = '', ...nodeOptions] = text.slice(at + 1).split(' ');
  return [text.slice(0, at), { program: resolve(program), nodeOptions: nodeOptions.join(' '), binary: 'off' }];
}

function positive(text: string | undefined, otherwise: number, flag: string): number {
  const value = text === undefined ? otherwise : Number(text);
  if (!(value > 0)) throw new Error(`${flag} ${text}: expected a number above 0`);
  return value;
}

function onOff(text: string, flag: string): 'on' | 'off' {
  if (text !== 'on' && text !== 'off') throw new Error(`${flag} ${text}: expected on or off`);
  return text;
}
