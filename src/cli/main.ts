#!/usr/bin/env node
import { runCli } from './program.ts';

/** After a command has ended nothing should be left that keeps the process alive; if there is, it does not count. */
const LINGER_MS = 2_000;

// `replicate status | head -1` closes the pipe under us: no failure of ours
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  throw error;
});

process.exitCode = await runCli(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
});
setTimeout(() => process.exit(), LINGER_MS).unref();
