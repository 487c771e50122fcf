/** One row an error code. */
export interface ErrorCodeRow {
  /** Exit code of a command that ends with it: 1 failed · 2 usage or config · 3 preflight or unhealthy · 4 difference · 75 temporary */
  readonly exit: 1 | 2 | 3 | 4 | 75;
  readonly retryable: boolean;
  readonly cause: string;
  readonly cure: string;
}
