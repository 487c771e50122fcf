import { type ErrorBody, reasonOf, type Refusal } from '../client/search-error.ts';

/** All that is asked back: the rest of an answer is as large as the request. */
export const ANSWER_FILTER = 'errors,items.*.status,items.*.error';

const NO_ERRORS = Buffer.from('"errors":false');
/** The word stands at the beginning of the answer. */
const HEAD_BYTES = 64;

interface ItemBody {
  readonly status: number;
  readonly error?: ErrorBody;
}

/** What became of the operations of a bulk, in their order; null: all were carried out. */
export function readAnswer(bytes: Buffer): readonly (Refusal | null)[] | null {
  if (bytes.subarray(0, HEAD_BYTES).includes(NO_ERRORS)) return null;
  const { items = [] } = JSON.parse(bytes.toString()) as { items?: readonly Readonly<Record<string, ItemBody>>[] };
  return items.map((item) => {
    const [body] = Object.values(item);
    return body?.error === undefined ? null : reasonOf(body.status, body.error);
  });
}
