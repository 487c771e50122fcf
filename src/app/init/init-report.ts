import type { BackupFolder } from '../../migrate/backup/backup-file.ts';
import type { MigrationResult, MigrationSet } from '../../migrate/migration.ts';
import type { Finding } from '../check/finding.ts';
import type { IdentityGap } from '../check/identity-gaps.ts';
import type { SourceOptions } from '../check/source-options.ts';

export interface InitOptions extends SourceOptions {
  /** Consents to changing tables that have no usable replica identity; `off` stops the triggers from doing so, for bulk restores. */
  readonly replicaIdentity?: 'auto' | 'off';
  /** What to install, in this order; `core` when absent. What else is installed on the source is brought up to date with it. */
  readonly sets?: readonly MigrationSet[];
  /** Where our tables are saved before a migration that cannot be undone; without it, such a migration is refused. */
  readonly backupFolder?: BackupFolder;
  /** Signs the messages with a new key from now on. */
  readonly rotateKey?: boolean;
  /** Other migrations than the installed ones, for tests. */
  readonly migrationsFolder?: string;
  /** Goes on although other readers of the database's changes will see our tables. */
  readonly force?: boolean;
  /** Rewritten tables above it are not sent along. */
  readonly backfillLimitBytes?: number;
  /** How long to wait for locks and for transactions that began earlier, each. */
  readonly waitMs?: number;
  /** Called as each step is done, with a line to print. */
  readonly onStep?: (step: string) => void;
  /** Called with what a person who waits should know, such as for whom. */
  readonly onNotice?: (notice: string) => void;
}

export interface InitReport {
  /** What was done, in order; what was found done already says so. */
  readonly steps: readonly string[];
  /** The preflight, errors forced away included. */
  readonly findings: readonly Finding[];
  readonly migrations: readonly MigrationResult[];
  /** Tables that got a replica identity from us, and which. */
  readonly identities: readonly IdentityGap[];
  readonly slot: {
    readonly name: string;
    readonly id: string;
    readonly consistentPoint: string;
    readonly created: boolean;
  };
  readonly publication: { readonly name: string; readonly created: boolean };
}

export const DEFAULT_WAIT_MS = 60_000;
