/** SQL, with what only some versions know or what the source refuses. */
export type CommandStep =
  | string
  | {
      readonly sql: string;
      /** Major versions that know it; the others leave it out. */
      readonly since?: number;
      readonly until?: number;
      /** The SQLSTATE with which the source refuses it. */
      readonly refused?: string;
    };

/** Statements from the documentation page of a command, in a schema of their own, which comes first in the search_path. */
export interface CommandCase {
  readonly name: string;
  readonly steps: readonly CommandStep[];
  /** Sent by the superuser; else by a plain user who owns the schema. */
  readonly as?: 'superuser';
  readonly since?: number;
  readonly until?: number;
  /** Objects of the dump that differ on purpose; why, is said in docs/limits.md. */
  readonly differs?: readonly RegExp[];
}

export function knownBy(major: number, { since = 0, until = Infinity }: { since?: number; until?: number }): boolean {
  return since <= major && major <= until;
}

export function stepText(step: CommandStep): string {
  return typeof step === 'string' ? step : step.sql;
}
