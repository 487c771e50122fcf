/** A run has to end within 10 s of SIGTERM; a second is left for the operating system to notice. */
const LIMIT_MS = 9_000;

export interface Shutdown {
  /** Fires at the first SIGTERM or SIGINT. */
  readonly signal: AbortSignal;
  /** Which signal it was. */
  readonly received: () => NodeJS.Signals | undefined;
  dispose(): void;
}

export interface ShutdownOptions {
  /** Called for a second signal, or when the time is over: nothing may follow. */
  readonly force: (why: string) => void;
  readonly limitMs?: number;
  readonly source?: Pick<NodeJS.Process, 'on' | 'off'>;
}

/** Turns the first signal into an abort; whoever insists, or waits too long, gets the hard end. */
export function listenForShutdown({ force, limitMs = LIMIT_MS, source = process }: ShutdownOptions): Shutdown {
  const controller = new AbortController();
  let received: NodeJS.Signals | undefined;
  let timer: NodeJS.Timeout | undefined;
  const take = (name: NodeJS.Signals): void => {
    if (received !== undefined) {
      force(`${name} after ${received}`);
      return;
    }
    received = name;
    timer = setTimeout(() => force(`not done ${limitMs / 1000} s after ${name}`), limitMs);
    timer.unref();
    controller.abort();
  };
  source.on('SIGTERM', take);
  source.on('SIGINT', take);
  return {
    signal: controller.signal,
    received: () => received,
    dispose: () => {
      clearTimeout(timer);
      source.off('SIGTERM', take);
      source.off('SIGINT', take);
    },
  };
}
