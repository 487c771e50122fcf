import type { SqlPiece } from '../../../sql/split-statements.ts';
import type { SchemaStatement } from '../../../wal/snapshot.ts';
import type { TableMetadata } from '../../../wal/table-metadata.ts';
import type { Confiner } from './confine.ts';
import { InheritedOrder } from './inherited-order.ts';
import { type ParsedStatement, parsePieces } from './parse-pieces.ts';
import { mainRelation } from './statement-relations.ts';

/** What is to be done to the statements of a script, whoever wrote it, before a target may run them. */
export class Finisher {
  readonly statements: SchemaStatement[] = [];
  readonly #confiner: Confiner;
  readonly #order: InheritedOrder;

  constructor(confiner: Confiner, relations: readonly TableMetadata[]) {
    this.#confiner = confiner;
    this.#order = new InheritedOrder(relations);
  }

  async add(statement: SchemaStatement, parsed: ParsedStatement): Promise<void> {
    const rearranged = this.#order.rearrange(parsed);
    const heir = mainRelation(parsed.kind, parsed.node);
    if (rearranged === null || heir === null) {
      this.statements.push(...(await this.#confiner.confine(statement, parsed)));
      return;
    }
    this.#confiner.addLike(rearranged.helper, heir);
    const pieces = rearranged.statements.map((text): SqlPiece => ({ kind: 'statement', text }));
    let number = 0;
    for await (const part of parsePieces(pieces)) {
      const { details, ...event } = statement.event;
      // the second one makes the table itself
      const own = number === 1 && details !== undefined ? { details } : {};
      const text_id = `${event.text_id}:${number++}`;
      const made = { ...statement, event: { ...event, ...own, text_id, tag: part.tag, text: part.text } };
      this.statements.push(...(await this.#confiner.confine(made, part)));
    }
  }
}
