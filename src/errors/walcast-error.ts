import { ERROR_CODES, type ErrorCode } from './codes.ts';

export interface ErrorFields {
  /** Position in the source's WAL, `H/L`. */
  readonly lsn?: string;
  readonly table?: string;
  readonly statement?: string;
  readonly target?: string;
  readonly sqlstate?: string;
  readonly [name: string]: unknown;
}

/** Every failure that a person may see. The message says what happened and where, `hint` what to do. */
export class WalcastError extends Error {
  readonly code: ErrorCode;
  readonly hint: string;
  readonly retryable: boolean;
  readonly fields: ErrorFields;

  constructor(
    code: ErrorCode,
    message: string,
    options: { cause?: unknown; hint?: string; retryable?: boolean; fields?: ErrorFields } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'WalcastError';
    this.code = code;
    this.hint = options.hint ?? ERROR_CODES[code].cure;
    this.retryable = options.retryable ?? ERROR_CODES[code].retryable;
    this.fields = options.fields ?? {};
  }

  /** The same failure, worth another try. */
  asRetryable(): WalcastError {
    return new WalcastError(this.code, this.message, {
      cause: this.cause,
      hint: this.hint,
      retryable: true,
      fields: this.fields,
    });
  }

  get exitCode(): number {
    return ERROR_CODES[this.code].exit;
  }
}

export function isWalcastError(error: unknown): error is WalcastError {
  return error instanceof WalcastError;
}
