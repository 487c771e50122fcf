import type { Logger } from '../../observe/logger.ts';
import type { SnapshotReport } from '../../pipeline/snapshot/progress-report.ts';
import { progressLine } from './progress-line.ts';

const EVERY_MS = 5_000;

export interface ReportedCopy {
  readonly target: string;
  readonly report: SnapshotReport | null;
}

/** Writes to the log, every few seconds, how far the copies are; nothing while there is none, and the end of each once. */
export class ProgressLog {
  readonly #copies: () => readonly ReportedCopy[];
  readonly #logger: Logger;
  /** Copies that were told to be done. */
  readonly #told = new Map<string, number>();
  #timer: NodeJS.Timeout | null = null;

  constructor(copies: () => readonly ReportedCopy[], logger: Logger) {
    this.#copies = copies;
    this.#logger = logger;
  }

  start(everyMs = EVERY_MS): void {
    this.#timer = setInterval(() => this.tell(), everyMs);
    this.#timer.unref();
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  tell(): void {
    for (const { target, report } of this.#copies()) {
      if (report === null || this.#told.get(target) === report.startedAt) continue;
      if (report.phase === 'done') this.#told.set(target, report.startedAt);
      const { phase, percent, bytesDone, rowsDone, bytesPerSecond, secondsLeft, tableCounts } = report;
      this.#logger.info(
        { target, snapshot: { phase, percent, bytesDone, rowsDone, bytesPerSecond, secondsLeft, tables: tableCounts } },
        `snapshot: ${progressLine(report)}`,
      );
    }
  }
}
