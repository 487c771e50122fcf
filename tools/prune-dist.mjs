/**
 * Removes from `dist` what has no source any more. The compiler leaves such files, and emptying the folder first would pull the code away under a
 * running daemon.
 */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '..');
const DIST = path.join(ROOT, 'dist');

for (const file of readdirSync(DIST, { recursive: true })) {
  const name = String(file).replace(/(\.d\.ts|\.js)(\.map)?$/, '');
  if (name !== file && !existsSync(path.join(ROOT, 'src', `${name}.ts`))) rmSync(path.join(DIST, String(file)));
}
