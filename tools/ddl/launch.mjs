/** Compiles this folder with what it imports and runs its program: Node 20 reads no TypeScript. Types are checked by `npm run typecheck`. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const ROOT = path.resolve(import.meta.dirname, '..', '..');
const OUT = path.join(ROOT, '.cache', 'tools', 'ddl');
const compiler = path.join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
const { status } = spawnSync(process.execPath, [compiler, '-p', import.meta.dirname, '--noCheck'], {
  stdio: ['ignore', 2, 2],
});
if (status !== 0) process.exit(1);
mkdirSync(OUT, { recursive: true });
writeFileSync(path.join(OUT, 'package.json'), '{"type":"module"}');
process.chdir(ROOT);
await import(pathToFileURL(path.join(OUT, 'tools', 'ddl', 'main.js')).href);
