import { LSN_ZERO, formatLsn, parseLsn } from '../../../wal/lsn.ts';
import type {
  Cut,
  RangeKey,
  RangeState,
  SnapshotPhase,
  SnapshotState,
  SnapshotTable,
  TableCopyState,
  TableState,
} from '../../../wal/snapshot.ts';
import { formatSnapshot, parseSnapshot } from '../../../wal/visibility.ts';
import type { StateDocuments } from './state-documents.ts';

const HEAD = 'copy';
const TABLE = 'copied-table';

export interface CopyHead {
  readonly phase: SnapshotPhase;
  readonly schema: Cut;
  /** The process that copies. */
  readonly holder: string;
}

interface StoredRange {
  readonly lower: string | null;
  readonly upper: string | null;
  readonly visible?: string;
  readonly until?: string;
  readonly rows: number;
  readonly bytes: number;
}

/** The copy as the state index keeps it: one document for all, one a table. A copy that is done leaves none. */
export class CopyStore {
  readonly #documents: StateDocuments;

  constructor(documents: StateDocuments) {
    this.#documents = documents;
  }

  /** Null: nothing was begun, or it is done. */
  async head(): Promise<CopyHead | null> {
    const stored = await this.#documents.read(HEAD);
    if (stored === null || stored['phase'] === 'done') return null;
    return {
      phase: stored['phase'] as SnapshotPhase,
      schema: cutOf(String(stored['visible']), String(stored['until'])),
      holder: String(stored['holder']),
    };
  }

  async writeHead({ phase, schema, holder }: CopyHead): Promise<void> {
    await this.#documents.put(HEAD, {
      kind: 'copy',
      phase,
      visible: formatSnapshot(schema.snapshot),
      until: formatLsn(schema.until),
      holder,
    });
  }

  async state(head: CopyHead): Promise<SnapshotState> {
    const tables = (await this.#documents.list(TABLE)).map(({ source }): TableState => {
      const ranges = JSON.parse(String(source['ranges'])) as StoredRange[];
      return {
        table: JSON.parse(String(source['definition'])) as SnapshotTable,
        state: source['state'] as TableCopyState,
        key: JSON.parse(String(source['key'])) as RangeKey | null,
        ranges: ranges.map(({ visible, until, ...range }, number) => ({
          ...range,
          number,
          cut: visible === undefined ? null : cutOf(visible, until ?? ''),
        })),
      };
    });
    return { phase: head.phase, schema: head.schema, tables };
  }

  async writeTable({ table, state, key, ranges }: TableState): Promise<void> {
    const stored = ranges.map(
      ({ lower, upper, cut, rows, bytes }: RangeState): StoredRange => ({
        lower,
        upper,
        rows,
        bytes,
        ...(cut === null ? {} : { visible: formatSnapshot(cut.snapshot), until: formatLsn(cut.until) }),
      }),
    );
    await this.#documents.put(documentOf(table.oid), {
      kind: TABLE,
      order: table.oid,
      definition: JSON.stringify(table),
      state,
      key: JSON.stringify(key),
      ranges: JSON.stringify(stored),
    });
  }

  async forgetTable(oid: number): Promise<void> {
    await this.#documents.remove(documentOf(oid));
  }

  /** As if it had never been begun. */
  async forget(): Promise<void> {
    for (const { id } of await this.#documents.list(TABLE)) await this.#documents.remove(id);
    await this.#documents.remove(HEAD);
  }
}

/** Of a copy beside the stream, which no statement of the source's is part of. */
export function cutOfNothing(near: bigint): Cut {
  return { snapshot: { xmin: near, xmax: near, inProgress: new Set() }, until: LSN_ZERO };
}

function documentOf(oid: number): string {
  return `table-${oid}`;
}

function cutOf(snapshot: string, until: string): Cut {
  return { snapshot: parseSnapshot(snapshot), until: parseLsn(until) };
}
