import { WalcastError } from '../../errors/walcast-error.ts';
import type { LoadedConfig } from '../../config/load.ts';
import { postgresTargets } from '../../config/targets.ts';
import { backUp } from '../../migrate/backup/back-up.ts';
import type { BackupFolder } from '../../migrate/backup/backup-file.ts';
import { withInstallLock } from '../../migrate/lock.ts';
import { schemaState } from '../../migrate/ownership.ts';
import { ClientSession } from '../init/client-session.ts';
import { backupFolder } from './backup-folder.ts';

export interface BackUpOptions {
  readonly loaded: LoadedConfig;
  /** Source and targets when absent. */
  readonly side?: 'source' | 'target' | undefined;
  /** Some targets only. */
  readonly targets: readonly string[];
  readonly onWritten: (path: string) => void;
  readonly onNotice: (notice: string) => void;
}

/** Saves the tables of walcast of each database, one file each. */
export async function backUpDatabases(options: BackUpOptions): Promise<void> {
  const folder = backupFolder(options.loaded);
  for (const place of placesOf(options)) {
    const path = await backUpOne(place, folder, options.onNotice);
    if (path === undefined) options.onNotice(`${place.name}: nothing of walcast is installed there`);
    else options.onWritten(path);
  }
}

interface Place {
  readonly name: string;
  readonly side: 'source' | 'target';
  readonly url: string;
}

function placesOf({ loaded: { config }, side, targets }: BackUpOptions): Place[] {
  const databases = postgresTargets(config);
  const unknown = targets.filter((name) => databases.every((target) => target.name !== name));
  if (unknown.length > 0) {
    const known = databases.map((target) => target.name).join(', ');
    throw new WalcastError('E_CONFIG', `there is no target ${unknown.join(', ')}`, {
      hint: `The configuration has ${known === '' ? 'none' : known}.`,
    });
  }
  const source: Place = { name: 'source', side: 'source', url: config.source.postgres.url };
  const chosen = databases
    .filter(({ name }) => targets.length === 0 || targets.includes(name))
    .map(({ name, postgres }): Place => ({ name: `target ${name}`, side: 'target', url: postgres.url }));
  return [...(side === 'target' || targets.length > 0 ? [] : [source]), ...(side === 'source' ? [] : chosen)];
}

/** Undefined: there is nothing to save. The lock keeps a migration from running in between the tables. */
async function backUpOne(
  { url, side }: Place,
  folder: BackupFolder,
  onWait: (message: string) => void,
): Promise<string | undefined> {
  const session = await ClientSession.connect(url, side);
  try {
    if ((await schemaState(session)) !== 'ours') return undefined;
    return await withInstallLock(session, { onWait }, () => backUp(session, folder, 'by hand'));
  } finally {
    await session.close();
  }
}
