/** Makes `npm start` work on a bare clone: installs if nothing is installed, then builds. Uses nothing but Node, because nothing else may be there. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '..');

/** stdout belongs to the program that starts afterwards. */
function npm(...parameters) {
  const { status, error } = spawnSync('npm', parameters, {
    cwd: ROOT,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  });
  if (status === 0) return;
  console.error(`npm ${parameters.join(' ')} failed${error === undefined ? '' : `: ${error.message}`}`);
  process.exit(1);
}

// npm writes this file last: without it an installation was cut off
if (!existsSync(path.join(ROOT, 'node_modules', '.package-lock.json'))) npm('ci', '--no-audit', '--no-fund');
npm('run', '--silent', 'build');
