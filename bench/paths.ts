import { resolve } from 'node:path';

/** The package's folder, told by the launcher: this file runs as compiled code somewhere below `.cache`. */
export const ROOT = process.env['WALCAST_BENCH_ROOT'] ?? resolve('.');

/** The built command line program. */
export const BUILT_CLI = resolve(ROOT, 'dist', 'cli', 'main.js');

/** Beside it, compiled: wraps a command and writes a CPU profile. */
export const PROFILED_CLI = resolve(ROOT, 'bench', 'profiled-cli.mjs');
