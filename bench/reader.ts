/** Our listener and decoder, and a target that takes everything and keeps nothing: `node reader.js URL SLOT PUBLICATION`. */
import { readSourceState } from '../src/listener/postgres/source-position.ts';
import { ReplicationStream } from '../src/pipeline/replication-stream.ts';
import { TargetFeed } from '../src/pipeline/target-feed.ts';
import { clientConfig } from '../src/postgres/client.ts';
import { READING_OPTIONS } from '../src/postgres/pinned-settings.ts';
import { LSN_ZERO } from '../src/wal/lsn.ts';
import type { Processor } from '../src/wal/processor.ts';

const [url = '', slot = '', publication = ''] = process.argv.slice(2);

const nothing: Processor = {
  takesBinary: false,
  name: 'nothing',
  open: () => Promise.resolve(LSN_ZERO),
  write: () => Promise.resolve(),
  flush: () => Promise.resolve(),
  settle: () => Promise.resolve(),
  close: () => Promise.resolve(),
  openSnapshot: () => Promise.reject(new Error('a target that keeps nothing is not filled')),
  describe: () => ({ checkpoint: LSN_ZERO, rows: 0, transactions: 0, ddl: 0, lastCommitTime: null }),
};

const source = await readSourceState({ url, pipeline: slot, slot, publication }, new AbortController().signal);
const stream = new ReplicationStream({
  client: clientConfig({ url, applicationName: 'walcast', options: READING_OPTIONS, side: 'source' }),
  slot,
  publication,
  source,
});
const feed = new TargetFeed(nothing, { hungry: () => stream.hungry(), relieved: () => stream.steer() });
stream.attach(feed);
feed.start((error) => {
  throw error;
});
await stream.open();
await stream.ended;
