import type { Command } from 'commander';
import type { CliIo } from './io.ts';

export interface CommandContext {
  readonly io: CliIo;
  /** Exit code of a command that did its work; one that fails throws. */
  exit(code: number): void;
}

/** Adds a command to the program. What the command does is imported when it runs, so that the others start fast. */
export type Register = (program: Command, context: CommandContext) => void;
