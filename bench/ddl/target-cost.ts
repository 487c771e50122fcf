import { PipelinedConnection } from '../../src/postgres/pipelined-connection.ts';
import { APPLY_OPTIONS } from '../../src/postgres/pinned-settings.ts';
import { DdlReplayer } from '../../src/processor/postgres/ddl/ddl-replayer.ts';
import { run } from '../database.ts';
import { median } from '../statistics.ts';
import { dumpedTable } from './scripts.ts';

/** A table whose rows reach much: a domain with a CHECK, an index on an expression, a generated column, all by functions of a user. */
const REACHING: readonly string[] = [
  `create function reached(n int) returns int language plpgsql immutable as $$ begin return n; end $$`,
  `create domain small as int check (reached(value) < 1000000)`,
  `create table reaching (id int primary key, a small, b int check (reached(b) >= 0), c int generated always as (reached(1)) stored)`,
  `create index on reaching (reached(b))`,
];

export interface WalkCost {
  readonly plain: number;
  readonly reaching: number;
  readonly relations: number;
}

/** ms for the question whether a relation's rows reach code of users, asked once a relation after each change of schema. */
export async function walkCost(url: string, tables: number): Promise<WalkCost> {
  await run(
    url,
    'create schema walked',
    ...Array.from({ length: tables }, (_, i) => dumpedTable('walked', i + 1)).flat(),
  );
  await run(url, ...REACHING);
  const options = APPLY_OPTIONS[0]?.options ?? '';
  const connection = await PipelinedConnection.connect(
    { url, applicationName: 'walcast bench', options, side: 'target' },
    () => undefined,
  );
  try {
    const { userCode } = new DdlReplayer({ roles: 'stop', roleMap: new Map() });
    const ask = async (schema: string, table: string): Promise<number> => {
      const started = performance.now();
      await userCode.rowRole(connection, schema, table);
      return performance.now() - started;
    };
    const plain: number[] = [];
    const reaching: number[] = [];
    for (let n = 1; n <= tables; n++) {
      plain.push(await ask('walked', `t${n}`));
      reaching.push(await ask('public', 'reaching'));
    }
    return { plain: median(plain), reaching: median(reaching), relations: tables };
  } finally {
    connection.close();
  }
}
