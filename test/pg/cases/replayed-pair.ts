import { readdirSync, readFileSync } from 'node:fs';
import type pg from 'pg';
import type { DdlMessageVerifier } from '../../../src/ddl/message-verifier.ts';
import { APPLY_OPTIONS } from '../../../src/postgres/pinned-settings.ts';
import { DdlReplayer, type DdlReplayerOptions } from '../../../src/processor/postgres/ddl/ddl-replayer.ts';
import { quoteQualified } from '../../../src/sql/quote.ts';
import { LSN_ZERO } from '../../../src/wal/lsn.ts';
import type { Relation } from '../../../src/wal/relation.ts';
import { verifierOf } from '../../support/message-verifier.ts';
import { type DatabasePair, testDatabases } from '../../support/test-databases.ts';
import { textClient } from '../../support/text-client.ts';
import { PgSession } from './pg-session.ts';
import { playRow, type RowMessage } from './row-player.ts';
import { drainSlot, type SlotTransaction } from './slot-reader.ts';

const MIGRATIONS = new URL('../../../migrations/', import.meta.url);
const PUBLICATION = 'everything';

export interface AppliedCommand {
  readonly tag: string;
  readonly how: string;
  readonly statement: string | null;
  readonly silenced?: readonly string[];
}

/** A source with the capture triggers and a slot, and a target to which its transactions are replayed one by one. */
export class ReplayedPair {
  readonly databases: DatabasePair;
  readonly applied: AppliedCommand[] = [];
  readonly notices: string[] = [];
  readonly #reader: pg.Client;
  #apply: pg.Client;
  readonly #verifier: DdlMessageVerifier;
  readonly #slot: string;
  readonly #relations = new Map<number, Relation>();
  readonly #options: DdlReplayerOptions;

  private constructor(parts: {
    databases: DatabasePair;
    options: DdlReplayerOptions;
    reader: pg.Client;
    apply: pg.Client;
    verifier: DdlMessageVerifier;
    slot: string;
  }) {
    this.databases = parts.databases;
    this.#options = parts.options;
    this.#reader = parts.reader;
    this.#apply = parts.apply;
    this.#verifier = parts.verifier;
    this.#slot = parts.slot;
    this.#listen();
  }

  static async create(
    major: number,
    options: Partial<DdlReplayerOptions> = {},
    targetMajor = major,
  ): Promise<ReplayedPair> {
    const databases = await testDatabases({ major, targetMajor });
    const { source, target } = databases;
    await source.query(migrations('core'));
    await target.query(migrations('target'));
    await source.query(`create publication ${PUBLICATION} for all tables`);
    const slot = `slot_${source.name}`;
    await source.query('select pg_create_logical_replication_slot($1, $2)', [slot, 'pgoutput']);
    const apply = await applyClient(target.url());
    return new ReplayedPair({
      databases,
      reader: await source.client(),
      apply,
      verifier: await verifierOf(source),
      options: { roles: 'stop', roleMap: new Map(), ...options },
      slot,
    });
  }

  get forged(): number {
    return this.#verifier.forged;
  }

  /** Replays what the source committed since the last call. */
  async catchUp(): Promise<void> {
    for (const transaction of await drainSlot(this.#reader, this.#slot, PUBLICATION))
      await this.#transaction(transaction);
  }

  /** A new session on the target, as after a restart. */
  async reconnect(): Promise<void> {
    await this.#apply.end();
    this.#apply = await applyClient(this.databases.target.url());
    this.#listen();
  }

  #listen(): void {
    this.#apply.on('notice', ({ message }) => this.notices.push(message ?? ''));
  }

  async dispose(): Promise<void> {
    await this.#apply.end();
    await this.databases.dispose();
  }

  async #transaction({ xid, messages }: SlotTransaction): Promise<void> {
    const session = new PgSession(this.#apply);
    this.#verifier.begin(xid);
    // a new one each time: what it has to know of earlier transactions it must find on the target
    const replayer = new DdlReplayer(this.#options);
    replayer.beginTransaction();
    let held: { message: RowMessage; relation: Relation }[] = [];
    const release = async (atEnd: boolean): Promise<void> => {
      const waiting = held;
      held = [];
      for (const entry of waiting) {
        const exists = await this.#exists(entry.relation, session);
        if (!exists && !atEnd) held.push(entry);
        else {
          if (!exists) await replayer.gap(entry.relation, session);
          await playRow(entry.message, entry.relation, replayer, session);
        }
      }
    };
    await session.execute('begin');
    try {
      for (const message of messages) {
        switch (message.kind) {
          case 'relation':
            this.#relations.set(message.relation.oid, message.relation);
            break;
          case 'truncate': {
            const tables = message.oids
              .flatMap((oid) => this.#relations.get(oid) ?? [])
              .map(({ schema, name }) => quoteQualified(schema, name));
            await session.execute(`truncate ${tables.join(', ')}${message.restart ? ' restart identity' : ''}`);
            break;
          }
          case 'message': {
            const event = message.prefix === 'walcast' ? this.#verifier.verify(message.content, LSN_ZERO) : null;
            if (event === null) break;
            if (event.kind === 'rows') await replayer.rows(event, session);
            else {
              this.applied.push({ tag: event.tag, ...(await replayer.apply(event, session)) });
              await release(false);
            }
            break;
          }
          default: {
            const relation = this.#relations.get(message.oid);
            if (relation === undefined || relation.schema === 'walcast') break;
            if (await this.#exists(relation, session)) await playRow(message, relation, replayer, session);
            else held.push({ message, relation });
          }
        }
      }
      await release(true);
      await replayer.endTransaction(session);
      await session.execute('commit');
    } catch (error) {
      await session.execute('rollback');
      throw error;
    }
  }

  async #exists({ schema, name }: Relation, session: PgSession): Promise<boolean> {
    const { rows } = await session.query('select to_regclass($1) is not null as found', [quoteQualified(schema, name)]);
    return rows[0]?.['found'] === 't';
  }
}

function migrations(set: 'core' | 'target'): string {
  const folder = new URL(`${set}/`, MIGRATIONS);
  const files = readdirSync(folder).filter((name) => name.endsWith('.up.sql'));
  return `begin; ${files
    .sort()
    .map((name) => readFileSync(new URL(name, folder), 'utf8'))
    .join('\n')}; commit`;
}

/** With the settings of the daemon's own connection; notices tell what user code ran. */
async function applyClient(targetUrl: string): Promise<pg.Client> {
  const url = new URL(targetUrl);
  url.searchParams.set('options', `${APPLY_OPTIONS[0]?.options ?? ''} -c client_min_messages=notice`);
  const client = textClient(url.href);
  await client.connect();
  return client;
}
