/**
 * What `npm test` runs: the static checks, then the test projects from cheap to dear, then the short bench, which counts as one test. A static check
 * that fails ends the run; a project that fails doesn't keep the next from showing what it finds. The last line on stdout is
 * `N passed, N failed, N skipped`.
 *
 * node tools/test-all.mjs [--nightly] [project … | bench]
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { closingLine, tally } from './ci-summary.mjs';

const ROOT = path.resolve(import.meta.dirname, '..');
const REPORTS = path.join(ROOT, '.cache', 'reports');
const PROJECTS = ['unit', 'pg', 'e2e', 'fault', 'bench'];
const NIGHTLY = { WALCAST_NIGHTLY: '1', WALCAST_TEST_PG: '14,15,16,17,18' };

const words = process.argv.slice(2);
const nightly = words.includes('--nightly');
/** The random histories of a night take hours. */
const STEP_LIMIT_MS = nightly ? 10 * 3_600_000 : 45 * 60_000;
const environment = { ...process.env, ...(nightly ? NIGHTLY : {}) };
const chosen = words.filter((word) => !word.startsWith('--'));
const unknown = chosen.filter((name) => !PROJECTS.includes(name));
if (unknown.length > 0) {
  console.error(`unknown test project ${unknown.join(', ')}; there are ${PROJECTS.join(', ')}`);
  process.exit(2);
}
const projects = chosen.length > 0 ? PROJECTS.filter((name) => chosen.includes(name)) : PROJECTS;

function step(name, command) {
  const started = performance.now();
  const [program, ...parameters] = command;
  const { status, signal, error } = spawnSync(program, parameters, {
    cwd: ROOT,
    env: environment,
    stdio: 'inherit',
    timeout: STEP_LIMIT_MS,
  });
  const ok = status === 0;
  const why = ok ? 'ok' : `failed (${error?.message ?? signal ?? `exit code ${status}`})`;
  console.error(`[${((performance.now() - started) / 1000).toFixed(1).padStart(6)} s] ${name}: ${why}`);
  return ok;
}

const bin = (name, ...parameters) => [
  process.execPath,
  path.join(ROOT, 'node_modules', ...name.split('/')),
  ...parameters,
];

function checks() {
  return (
    step('format', ['npm', 'run', '--silent', 'format:check']) &&
    step('lint', ['npm', 'run', '--silent', 'lint:code']) &&
    step('typecheck', ['npm', 'run', '--silent', 'typecheck']) &&
    step('build', ['npm', 'run', '--silent', 'build'])
  );
}

function runProject(name) {
  const report = path.join(REPORTS, `${name}.json`);
  rmSync(report, { force: true });
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const ok = step(`test:${name}`, bin('vitest/vitest.mjs', 'run', '--project', name, ...reporters));
  const sum = readTally(report);
  // vitest also fails without a failed test: no test found, an error nobody caught, a crash
  if (!ok && sum.failed === 0) sum.failed = 1;
  return sum;
}

/** Ratios that have fallen, or tables that differ, fail it. */
function runBench() {
  const results = ['--json', path.join(REPORTS, 'bench.json'), '--plot', path.join(REPORTS, 'bench.svg')];
  const ok = step('bench', [process.execPath, path.join(ROOT, 'bench', 'launch.mjs'), 'main', '--smoke', ...results]);
  return { passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: 0 };
}

function readTally(report) {
  try {
    return tally(JSON.parse(readFileSync(report, 'utf8')));
  } catch {
    return { passed: 0, failed: 1, skipped: 0 };
  }
}

mkdirSync(REPORTS, { recursive: true });
const tallies = checks()
  ? projects.map((name) => (name === 'bench' ? runBench() : runProject(name)))
  : [{ passed: 0, failed: 1, skipped: 0 }];
if (tallies.some((each) => each.failed > 0)) process.exitCode = 1;
console.log(closingLine(tallies));
