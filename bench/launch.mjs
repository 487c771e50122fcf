/** Compiles the bench beside the product's own build and runs one of its programs: `node bench/launch.mjs main --quick`. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const ROOT = path.resolve(import.meta.dirname, '..');
const OUT = path.join(ROOT, '.cache', 'bench');
const [program = 'main', ...parameters] = process.argv.slice(2);

// Types are checked by `npm run typecheck`, which covers this folder; here it would only cost time.
const compiler = path.join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
const { status } = spawnSync(process.execPath, [compiler, '-p', path.join(ROOT, 'bench', 'tsconfig.json'), '--noCheck'], {
  cwd: ROOT,
  stdio: ['ignore', 2, 2],
});
if (status !== 0) process.exit(1);

mkdirSync(OUT, { recursive: true });
copyFileSync(path.join(ROOT, 'package.json'), path.join(OUT, 'package.json'));
process.env.WALCAST_CACHE ??= path.join(ROOT, '.cache');
process.env.WALCAST_BENCH_ROOT = ROOT;
process.argv.splice(2, process.argv.length, ...parameters);
await import(pathToFileURL(path.join(OUT, 'bench', `${program}.js`)).href);
