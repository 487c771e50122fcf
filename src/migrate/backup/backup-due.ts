import type { MigrationRecord } from '../migration.ts';
import type { Migration } from '../migration.ts';
import { isOtherRelease, newestVersion } from '../tool-version.ts';

export interface PlannedSet {
  readonly set: string;
  readonly records: readonly MigrationRecord[];
  readonly pending: readonly Migration[];
}

/** Why the tables have to be saved before these migrations run; null: there is nothing to lose. Pure. */
export function whyBackUp(sets: readonly PlannedSet[], toolVersion: string): string | null {
  for (const { set, records, pending } of sets) {
    if (pending.length === 0) continue;
    const irreversible = pending.find((migration) => migration.irreversible);
    if (irreversible !== undefined) return `before the irreversible migration ${irreversible.file}`;
    const newest = newestVersion(records.map((record) => record.toolVersion));
    if (newest !== undefined && isOtherRelease(newest, toolVersion)) {
      return `before the upgrade of the set ${set} from ${newest} to ${toolVersion}`;
    }
  }
  return null;
}
