import { WalcastError } from '../errors/walcast-error.ts';
import { redactText } from '../errors/redact.ts';

export interface ProblemPlace {
  readonly file?: string | undefined;
  readonly line?: number | undefined;
  /** A flag or an environment variable, where the value came from one. */
  readonly origin?: string | undefined;
  readonly key?: string | undefined;
  /** The known key that an unknown one may have meant. */
  readonly suggestion?: string | undefined;
}

/** One thing that is wrong with the configuration, before it becomes the E_CONFIG that a person reads. */
export class ConfigProblem extends Error {
  readonly place: ProblemPlace;

  constructor(message: string, place: ProblemPlace, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.place = place;
  }

  describe(): string {
    const { file, line, origin, key } = this.place;
    const where = origin ?? (file === undefined ? undefined : line === undefined ? file : `${file}:${line}`);
    return redactText([where, key, this.message].filter((part) => part !== undefined && part !== '').join(': '));
  }
}

const MOST_SHOWN = 20;

export function configError(problems: readonly ConfigProblem[]): WalcastError {
  const shown = problems.slice(0, MOST_SHOWN).map((problem) => problem.describe());
  if (problems.length > MOST_SHOWN) shown.push(`and ${problems.length - MOST_SHOWN} more`);
  const { file, line, origin, key, suggestion } = problems[0]?.place ?? {};
  return new WalcastError('E_CONFIG', shown.join('\n'), { fields: { file, line, origin, key, suggestion } });
}
