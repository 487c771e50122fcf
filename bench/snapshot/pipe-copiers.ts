import { spawnSync } from 'node:child_process';
import { run } from '../database.ts';
import { timedCommand } from './command.ts';
import type { Copier, CopyLane } from './copier.ts';

/** The least that can be done: two psql with a pipe between them. Without what a program for this has to know, and without indexes. */
export function pipeCopier(): Copier {
  return {
    name: 'pipe',
    given: 'tables',
    bare: true,
    prepare: () => Promise.resolve(),
    copy: pipeAll,
    clean: () => Promise.resolve(),
  };
}

/** The same, and then what the others' tables have at the end too. */
export function pipeWithKeysCopier(): Copier {
  return {
    ...pipeCopier(),
    name: 'pipe+keys',
    bare: false,
    async copy(lane) {
      const { seconds, clients } = await pipeAll(lane);
      const started = performance.now();
      await run(lane.target.url(lane.targetDatabase), ...lane.work.keys);
      return { seconds: seconds + (performance.now() - started) / 1000, clients };
    },
  };
}

export function pipeIsPossible(): boolean {
  return spawnSync('psql', ['--version']).status === 0;
}

async function pipeAll(lane: CopyLane) {
  const [from, to] = [lane.source.url(lane.sourceDatabase), lane.target.url(lane.targetDatabase)];
  const one = (table: string): string =>
    `psql -XqAt -v ON_ERROR_STOP=1 -d '${from}' -c 'copy ${table} to stdout (format binary)' | ` +
    `psql -XqAt -v ON_ERROR_STOP=1 -d '${to}' -c 'copy ${table} from stdin (format binary)'`;
  const script = lane.work.tables.map(({ name }) => one(name)).join(' && ');
  const { seconds, clients } = await timedCommand('bash', ['-o', 'pipefail', '-c', script]);
  return { seconds, clients: { ...clients, peakBytes: null } }; // what was seen is the shell's
}
