import { redactText } from '../errors/redact.ts';
import { isWalcastError } from '../errors/walcast-error.ts';
import { EXIT } from './exit-codes.ts';
import { writeLines, type OutputStream } from './io.ts';

export interface ReportOptions {
  /** Shows stacks and causes. */
  readonly debug: boolean;
  readonly secrets?: readonly string[];
}

/** Fields that say where; the others are for the log. */
const PLACES = ['target', 'table', 'lsn', 'sqlstate', 'statement'] as const;

/** Writes an error for a person, code, what, where, what to do, and returns the exit code. */
export function reportError(stream: OutputStream, error: unknown, options: ReportOptions): number {
  writeLines(
    stream,
    describeError(error, options).map((line) => redactText(line, options.secrets)),
  );
  return exitCodeOf(error);
}

export function exitCodeOf(error: unknown): number {
  return isWalcastError(error) ? error.exitCode : EXIT.failed;
}

export function describeError(error: unknown, { debug }: ReportOptions): string[] {
  const lines: string[] = [];
  if (isWalcastError(error)) {
    lines.push(...indented(`error ${error.code}: `, error.message));
    for (const place of PLACES) {
      const value = error.fields[place];
      if (typeof value === 'string') lines.push(...indented(`  ${place}: `, shortened(value)));
    }
    lines.push(...indented('  what to do: ', error.hint));
  } else {
    lines.push(...indented('error: ', error instanceof Error ? error.message || error.name : String(error)));
    if (!debug) lines.push('  what to do: run it again with --log-level debug and report what it shows');
  }
  if (debug) lines.push(...stacks(error));
  return lines;
}

function indented(head: string, text: string): string[] {
  const [first = '', ...rest] = text.split('\n');
  return [`${head}${first}`, ...rest.map((line) => `  ${line}`)];
}

function shortened(text: string): string {
  return text.length <= 500 ? text : `${text.slice(0, 500)}… (${text.length} characters)`;
}

const MAX_CAUSES = 5;

function stacks(error: unknown): string[] {
  const lines: string[] = [];
  let each = error;
  for (let depth = 0; each instanceof Error && depth < MAX_CAUSES; depth++) {
    lines.push(...`${depth === 0 ? '' : 'caused by '}${each.stack ?? each.message}`.split('\n'));
    each = each.cause;
  }
  return lines;
}
