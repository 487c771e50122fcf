import { join } from 'node:path';
import type { LoadedConfig } from '../../config/load.ts';
import type { BackupFolder } from '../../migrate/backup/backup-file.ts';

/** One that somebody named has to be there: made by us, it could stand where a mount is missing. */
export function backupFolder({ config, stateFolder }: LoadedConfig): BackupFolder {
  const named = config.migrations.backup_dir;
  return named === undefined ? { path: join(stateFolder, 'backups'), create: true } : { path: named, create: false };
}
