/** The least a consumer can do: reads, and says that it is alive. `node raw-reader.js URL SLOT PUBLICATION` */
import type { Socket } from 'node:net';
import pg from 'pg';
import { StandbyStatusFrame } from '../src/listener/postgres/standby-status.ts';
import { LSN_ZERO } from '../src/wal/lsn.ts';

const [url = '', slot = '', publication = ''] = process.argv.slice(2);
// `replication` is a parameter of the protocol that pg passes on but its types leave out.
const client = new pg.Client({ connectionString: url, replication: 'database' } as pg.ClientConfig);
await client.connect();
const { connection } = client as unknown as {
  connection: { stream: Socket; sendCopyFromChunk(frame: Buffer): void; query(text: string): void };
};
connection.stream.removeAllListeners('data');
connection.stream.on('data', () => undefined);
connection.stream.on('close', () => process.exit(1));
connection.query(
  `start_replication slot "${slot}" logical 0/0 (proto_version '1', publication_names '${publication}', messages 'true')`,
);
const frame = new StandbyStatusFrame();
setInterval(() => connection.sendCopyFromChunk(frame.fill(LSN_ZERO, LSN_ZERO, false, Date.now())), 10_000);
