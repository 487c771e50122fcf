import type { DemoState, DemoView } from '../../app/demo/demo-view.ts';
import { oneLine } from '../format.ts';
import type { OutputStream } from '../io.ts';
import { ms, verdictLines } from './verdict-lines.ts';

const STATE_EVERY_S = 5;

/** One line after the other, for files and pipes. */
export function plainView(stream: OutputStream): DemoView {
  const begun = performance.now();
  let lastState = 0;
  const line = (text: string): void => {
    stream.write(`${((performance.now() - begun) / 1000).toFixed(1).padStart(6)} s  ${text}\n`);
  };
  return {
    note: line,
    servers: (sourceUrl, targetUrl, version) => {
      line(`PostgreSQL ${version}, twice; look at them while the demo runs:`);
      line(`  source ${sourceUrl}`);
      line(`  target ${targetUrl}`);
    },
    migration: ({ number, of, title, milliseconds }) => {
      line(`migration ${number} of ${of} on the source: ${title} (${Math.round(milliseconds)} ms)`);
    },
    ddl: ({ tag, how, statement }) => line(`  applied on the target, ${how}: ${tag}: ${oneLine(statement, 100)}`),
    killed: (what, pid) => line(`kill -9 of the ${what}${pid === undefined ? '' : `, pid ${pid}`}`),
    restarted: (what, seconds) => line(`the ${what} is back after ${seconds.toFixed(1)} s`),
    state: (state) => {
      if (state.phase === 'writing' && state.seconds - lastState < STATE_EVERY_S) return;
      if (state.phase !== 'writing') return;
      lastState = state.seconds;
      line(stateText(state));
    },
    verdict: (verdict) => {
      for (const text of verdictLines(verdict, false)) stream.write(`${text}\n`);
    },
    close: () => undefined,
  };
}

function stateText(state: DemoState): string {
  const rates = `${Math.round(state.transactionsPerSecond)} transactions/s, ${Math.round(state.rowsPerSecond)} rows/s`;
  return `${rates} written; lag ${ms(state.behindMs)} now, p50 ${ms(state.lagP50)}, p99 ${ms(state.lagP99)}`;
}
