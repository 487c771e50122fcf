import type { ErrorCodeRow } from './error-code-row.ts';

/** Codes of search targets; a part of the one table. */
export const SEARCH_CODES = {
  E_TARGET_BUSY: {
    exit: 75,
    retryable: true,
    cause:
      'The target rolled the transaction back for a passing reason: a deadlock, a serialization failure, a lock, a full disk.',
    cure: '`run` tries again by itself; if it goes on, look at what else runs on the target.',
  },
  E_SEARCH_RIGHTS: {
    exit: 3,
    retryable: false,
    cause: 'The search cluster does not let us in, or not do what was asked: user, password, key or rights.',
    cure: 'Correct the credentials of the target, or give its user the rights that docs/search.md lists.',
  },
  E_SEARCH_REFUSED: {
    exit: 1,
    retryable: false,
    cause: 'The search cluster refused a request.',
    cure: 'Read its reason, mend the index or the settings that it names, then start again at the same position.',
  },
  E_DOCUMENT_REFUSED: {
    exit: 1,
    retryable: false,
    cause: 'The search cluster refused a document.',
    cure: 'Mend what the reason names: the row on the source, or the options of the field. Or let `on_refused: dead_letter` put such documents aside; then start again at the same position.',
  },
  E_SEARCH_NAME: {
    exit: 3,
    retryable: false,
    cause:
      'The name under which an index is to be found is taken, by something else in the cluster or by another table.',
    cure: 'Choose another template (`opensearch.index`), rename or remove what has the name, or leave the table out (`tables: {"schema.table": {skip: true}}`).',
  },
  E_SEARCH_INJECTOR: {
    exit: 3,
    retryable: false,
    cause:
      'A search target needs the ids of tables, which the source does not keep, or a table of the source has none.',
    cure: 'Run `replicate init --with-injector` with the same configuration, then start again.',
  },
  E_SEARCH_IDENTITY: {
    exit: 1,
    retryable: false,
    cause:
      'An update or delete does not tell the key of its row: the replica identity of the table leaves columns of the key out.',
    cure: 'ALTER TABLE … REPLICA IDENTITY DEFAULT (with a primary key) or FULL on the source, then bring the target to its state again; or leave the table out (`skip: true`).',
  },
  E_SEARCH_COUNT: {
    exit: 1,
    retryable: true,
    cause:
      'An index that was filled from the source does not have as many documents as rows were copied: somebody else wrote into it, or its key is not unique.',
    cure: 'Nobody else may write into the indexes of walcast. The copy starts over.',
  },
} as const satisfies Record<string, ErrorCodeRow>;
