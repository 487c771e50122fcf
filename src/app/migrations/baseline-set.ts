import { WalcastError } from '../../errors/walcast-error.ts';
import type { LoadedConfig } from '../../config/load.ts';
import { postgresTargets } from '../../config/targets.ts';
import { baseline, type BaselineResult } from '../../migrate/baseline.ts';
import type { MigrationSet } from '../../migrate/migration.ts';
import { ClientSession } from '../init/client-session.ts';

export interface BaselineSetOptions {
  readonly loaded: LoadedConfig;
  readonly set: MigrationSet;
  readonly upTo: number;
  /** Of the set `target`; may be left out where there is only one. */
  readonly target?: string | undefined;
  readonly onWait?: (message: string) => void;
}

/** Records the migrations of a set as applied, without running them, in the database where that set belongs. */
export async function baselineSet({ loaded, set, upTo, target, onWait }: BaselineSetOptions): Promise<BaselineResult> {
  const place = set === 'target' ? targetUrl(loaded, target) : sourceUrl(loaded, target);
  const session = await ClientSession.connect(place.url, place.side);
  try {
    return await baseline(session, { set, upTo, ...(onWait === undefined ? {} : { onWait }) });
  } finally {
    await session.close();
  }
}

interface Place {
  readonly side: 'source' | 'target';
  readonly url: string;
}

function sourceUrl({ config }: LoadedConfig, target: string | undefined): Place {
  if (target !== undefined) {
    throw new WalcastError('E_CONFIG', 'this set belongs to the source, not to a target', {
      hint: 'Leave --target out.',
    });
  }
  return { side: 'source', url: config.source.postgres.url };
}

function targetUrl({ config }: LoadedConfig, name: string | undefined): Place {
  const targets = postgresTargets(config);
  const names = targets.map((target) => target.name).join(', ');
  const [found, ...others] = targets.filter((target) => name === undefined || target.name === name);
  if (found === undefined || others.length > 0) {
    const what = name === undefined ? 'the set target needs a target' : `there is no target ${name}`;
    throw new WalcastError('E_CONFIG', what, {
      hint: `Name one by --target: ${names === '' ? 'the configuration has none' : names}.`,
    });
  }
  return { side: 'target', url: found.postgres.url };
}
