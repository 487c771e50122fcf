import { type Ast, child, nameParts, textOf, listOf } from '../../../ddl/ast.ts';
import { quoteIdentifier } from '../../../sql/quote.ts';
import type { SqlPiece } from '../../../sql/split-statements.ts';
import type { DdlDetails } from '../../../wal/ddl-event.ts';
import { NO_AUTHOR, type SchemaSection, type SchemaStatement } from '../../../wal/snapshot.ts';
import type { TableMetadata } from '../../../wal/table-metadata.ts';
import { DumpState, UnknownSettingError } from './dump-state.ts';
import { isSchemaTag, type ParsedStatement, parsePieces, unreadable } from './parse-pieces.ts';
import { madeRelation } from './statement-relations.ts';

/** Our schema is not dumped, but event triggers are in none. */
const OWN_SCHEMA = 'walcast';

export interface EventFacts {
  readonly serverVersion: number;
  /** Position that the events carry, `H/L`. */
  readonly at: string;
  /** Of tables, views, materialized views and foreign tables. */
  readonly relations: Iterable<TableMetadata>;
  /** Extension → version. */
  readonly extensions: ReadonlyMap<string, string>;
}

export interface DumpedStatement {
  readonly statement: SchemaStatement;
  readonly parsed: ParsedStatement;
}

/** Makes events of the statements of a script, with the session that the script has prepared for each. */
export class DumpEvents {
  readonly #facts: EventFacts;
  readonly #relations: ReadonlyMap<string, TableMetadata>;
  readonly #ownTriggers = new Set<string>();
  #count = 0;

  constructor(facts: EventFacts) {
    this.#facts = facts;
    this.#relations = new Map(Array.from(facts.relations, (table) => [`${table.schema}\0${table.name}`, table]));
  }

  async *read(
    section: SchemaSection,
    pieces: AsyncIterable<SqlPiece> | Iterable<SqlPiece>,
  ): AsyncGenerator<DumpedStatement> {
    const state = new DumpState();
    for await (const parsed of parsePieces(pieces)) {
      if (takes(state, parsed) || this.#isOwn(parsed)) continue;
      if (!isSchemaTag(parsed.tag)) throw unreadable(parsed.text, `${parsed.tag} is no known command of a schema`);
      yield { statement: { section, event: this.#event(parsed, state) }, parsed };
    }
  }

  #event({ kind, node, tag, text }: ParsedStatement, state: DumpState): SchemaStatement['event'] {
    const { serverVersion, at } = this.#facts;
    const { role, ...session } = state.caller;
    return {
      ...{ v: 1, kind: 'ddl', phase: 'end', tag, iso: false, server_version_num: serverVersion, at },
      caller: { role: role ?? NO_AUTHOR, ...session },
      text_id: `snapshot:${this.#count++}`,
      text,
      details: this.#details(kind, node, tag),
    };
  }

  #details(kind: string, node: Ast, tag: string): DdlDetails {
    const made = madeRelation(kind, node);
    const table = made === null ? undefined : this.#relations.get(`${made.schema}\0${made.name}`);
    const name = kind === 'CreateExtensionStmt' ? (textOf(node, 'extname') ?? '') : '';
    const version = this.#facts.extensions.get(name);
    return {
      relations: table === undefined ? [] : [table],
      ...(version === undefined
        ? {}
        : { commands: [{ tag, type: 'extension', identity: quoteIdentifier(name), version }] }),
    };
  }

  /** The event triggers that walcast put on the source, and what belongs to them. */
  #isOwn({ kind, node }: ParsedStatement): boolean {
    if (kind === 'CreateEventTrigStmt') {
      const own = nameParts(listOf(node, 'funcname'))[0] === OWN_SCHEMA;
      if (own) this.#ownTriggers.add(textOf(node, 'trigname') ?? '');
      return own;
    }
    const name =
      kind === 'AlterEventTrigStmt'
        ? textOf(node, 'trigname')
        : (node['objtype'] ?? node['objectType']) === 'OBJECT_EVENT_TRIGGER'
          ? textOf(child(child(node, 'object'), 'String'), 'sval')
          : undefined;
    return name !== undefined && this.#ownTriggers.has(name);
  }
}

function takes(state: DumpState, { kind, node, text }: ParsedStatement): boolean {
  try {
    return state.take(kind, node);
  } catch (error) {
    if (error instanceof UnknownSettingError) throw unreadable(text, error.message);
    throw error;
  }
}
