import { randomBytes } from 'node:crypto';

/** A prefix that no other test uses: what a test makes on the shared node begins with it. */
export function uniquePrefix(): string {
  return `t${randomBytes(5).toString('hex')}`;
}

/** All indexes and aliases of a test. */
export async function dropIndexes(node: { readonly url: string }, prefix: string): Promise<void> {
  const response = await fetch(`${node.url}/${prefix}*?expand_wildcards=all`, { method: 'DELETE' });
  if (!response.ok && response.status !== 404) throw new Error(`DELETE ${prefix}*: ${await response.text()}`);
}
