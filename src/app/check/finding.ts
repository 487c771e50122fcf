/** One line of a preflight report. */
export interface Finding {
  readonly level: 'ok' | 'warning' | 'error';
  readonly what: string;
  /** What to do; empty where nothing is to be done. */
  readonly cure: string;
  /** An error that `init --force` takes for a warning: somebody else would notice us, nothing of ours would fail. */
  readonly forcible?: true;
}

export function ok(what: string): Finding {
  return { level: 'ok', what, cure: '' };
}

export function warning(what: string, cure: string): Finding {
  return { level: 'warning', what, cure };
}

export function error(what: string, cure: string): Finding {
  return { level: 'error', what, cure };
}
