/** Compiles this folder with what it imports and runs its program: Node 20 reads no TypeScript. Types are checked by `npm run typecheck`. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const ROOT = path.resolve(import.meta.dirname, '..', '..');
const OUT = path.join(ROOT, '.cache', 'tools', 'try-migrations');
const compiler = path.join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
const { status } = spawnSync(process.execPath, [compiler, '-p', import.meta.dirname, '--noCheck'], {
  stdio: ['ignore', 2, 2],
});
if (status !== 0) process.exit(1);
mkdirSync(OUT, { recursive: true });
copyFileSync(path.join(ROOT, 'package.json'), path.join(OUT, 'package.json'));
cpSync(path.join(ROOT, 'migrations'), path.join(OUT, 'migrations'), { recursive: true });
process.env.WALCAST_CACHE ??= path.join(ROOT, '.cache');
await import(pathToFileURL(path.join(OUT, 'tools', 'try-migrations', 'main.js')).href);
