import { Command, CommanderError } from 'commander';
import { isWalcastError } from '../errors/walcast-error.ts';
import { VERSION } from '../app/version.ts';
import { registerCheck } from './commands/check.ts';
import { registerConfig } from './commands/config.ts';
import { registerDdl } from './commands/ddl.ts';
import { registerDemo } from './commands/demo.ts';
import { registerDestroy } from './commands/destroy.ts';
import { registerInit } from './commands/init.ts';
import { registerMigrations } from './commands/migrations.ts';
import { registerRun } from './commands/run.ts';
import { registerSnapshot } from './commands/snapshot.ts';
import { registerStatus } from './commands/status.ts';
import type { Register } from './command.ts';
import { EXIT, EXIT_CODES_HELP } from './exit-codes.ts';
import type { CliIo } from './io.ts';
import { reportError } from './report-error.ts';

const COMMANDS: readonly Register[] = [
  registerInit,
  registerRun,
  registerStatus,
  registerCheck,
  registerSnapshot,
  registerDestroy,
  registerDdl,
  registerMigrations,
  registerDemo,
  registerConfig,
];

/** Runs one command line, without the two words of node and script. Never rejects; the result is the exit code. */
export async function runCli(args: readonly string[], io: CliIo): Promise<number> {
  let code: number = EXIT.ok;
  const program = new Command('replicate')
    .description('Follows a PostgreSQL database and brings others to the same state, schema changes included.')
    .version(VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', EXIT_CODES_HELP)
    .showHelpAfterError('(add --help for what there is)')
    .exitOverride();
  program.configureOutput({
    writeOut: (text) => io.stdout.write(text),
    writeErr: (text) => io.stderr.write(text),
    getOutHasColors: () => false,
    getErrHasColors: () => false,
  });
  for (const register of COMMANDS) register(program, { io, exit: (value) => void (code = value) });
  try {
    if (args.length === 0) program.help({ error: true });
    await program.parseAsync([...args], { from: 'user' });
    return code;
  } catch (error) {
    // commander has said already what is wrong with the command line, or printed the help that was asked for
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    return reportError(io.stderr, error, { debug: isDebug(args) && !isUsage(error) });
  }
}

/** Looked for in the words themselves: the configuration may be what is wrong. */
function isDebug(args: readonly string[]): boolean {
  return args.some(
    (word, i) =>
      /^--log-level=(debug|trace)$/.test(word) || (word === '--log-level' && /^(debug|trace)$/.test(args[i + 1] ?? '')),
  );
}

function isUsage(error: unknown): boolean {
  return isWalcastError(error) && error.exitCode === EXIT.usage;
}
