import { BINARY_DAEMON, type BenchOptions } from '../options.ts';
import type { Copier } from './copier.ts';
import { nativeCopier } from './native-copier.ts';
import { pipeCopier, pipeIsPossible, pipeWithKeysCopier } from './pipe-copiers.ts';
import { runCopier, snapshotCopier } from './walcast-copiers.ts';
import type { CopyWork } from './work.ts';

export const COPIER_NAMES: readonly string[] = ['snapshot', 'native', 'native-binary', 'pipe', 'pipe+keys'];

/** As many workers as native has for the first copy: with two cores more would only wait. */
const WORKERS = 4;

/** The daemons (the copy chooses its format by itself, whatever the stream's) in both of their ways to copy, native, and for a single table the pipe. */
export function chooseCopiers(
  { daemons, profile, contestants }: Pick<BenchOptions, 'daemons' | 'profile' | 'contestants'>,
  work: CopyWork,
): Copier[] {
  const ours = [...daemons]
    .filter(([name]) => name !== BINARY_DAEMON)
    .flatMap(([name, build]) => {
      const options = { ...build, workers: WORKERS, profile };
      const alone = name === 'walcast' ? 'snapshot' : `${name}-snapshot`;
      return [runCopier({ ...options, name }), snapshotCopier({ ...options, name: alone })];
    });
  const pipes = work.tables.length === 1 && pipeIsPossible() ? [pipeCopier(), pipeWithKeysCopier()] : [];
  const all = [...ours, nativeCopier('native', false), nativeCopier('native-binary', true), ...pipes];
  return contestants.length === 0 ? all : all.filter(({ name }) => contestants.includes(name));
}
