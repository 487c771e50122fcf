import type { OpenSearchLine } from './node-files.ts';
import { OpenSearchNode } from './open-search-node.ts';

/** A node that tests may use but not harm. */
export interface SharedNode {
  readonly url: string;
  readonly line: OpenSearchLine;
  readonly version: string;
}

/** One node a line, started when first asked for. */
export class SearchNodes {
  readonly #nodes = new Map<OpenSearchLine, Promise<OpenSearchNode>>();

  async get(line: OpenSearchLine): Promise<SharedNode> {
    let node = this.#nodes.get(line);
    if (node === undefined) {
      node = started(line);
      this.#nodes.set(line, node);
    }
    const { url, version } = await node;
    return { url, line, version };
  }

  async stop(): Promise<void> {
    const all = [...this.#nodes.values()];
    this.#nodes.clear();
    await Promise.allSettled(all.map(async (node) => await (await node).destroy()));
  }
}

async function started(line: OpenSearchLine): Promise<OpenSearchNode> {
  const node = await OpenSearchNode.create({ line });
  await node.start();
  return node;
}
