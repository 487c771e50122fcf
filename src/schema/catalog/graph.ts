/** A directed graph by names. Edges to what is no node are left out. */
export type Graph = ReadonlyMap<string, ReadonlySet<string>>;

/**
 * Groups of nodes that need one another in a circle; nodes outside of all circles are left out. Tarjan's algorithm with a stack of its own:
 * chains of thousands of objects are possible.
 */
export function circles(graph: Graph): string[][] {
  const found: string[][] = [];
  const order = new Map<string, number>();
  const low = new Map<string, number>();
  const open: string[] = [];
  const isOpen = new Set<string>();

  for (const root of graph.keys()) {
    if (order.has(root)) continue;
    const path: { readonly node: string; readonly next: Iterator<string> }[] = [];
    const enter = (node: string): void => {
      order.set(node, order.size);
      low.set(node, order.size - 1);
      open.push(node);
      isOpen.add(node);
      path.push({ node, next: (graph.get(node) ?? new Set<string>()).values() });
    };
    enter(root);
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const { node } = top;
      const step = top.next.next();
      if (step.done !== true) {
        if (!graph.has(step.value)) continue;
        if (!order.has(step.value)) enter(step.value);
        else if (isOpen.has(step.value)) lower(low, node, order.get(step.value));
        continue;
      }
      path.pop();
      const parent = path.at(-1);
      if (parent !== undefined) lower(low, parent.node, low.get(node));
      if (low.get(node) !== order.get(node)) continue;
      const group = open.splice(open.lastIndexOf(node));
      for (const member of group) isOpen.delete(member);
      if (group.length > 1) found.push(group);
    }
  }
  return found;
}

function lower(low: Map<string, number>, node: string, value: number | undefined): void {
  if (value !== undefined && value < (low.get(node) ?? Infinity)) low.set(node, value);
}

/** Every node after all that it needs; among those that could come next, the least by `compare`. The graph has no circles. */
export function sorted(graph: Graph, compare: (a: string, b: string) => number): string[] {
  const missing = new Map<string, number>();
  const neededBy = new Map<string, string[]>();
  const ready = new Heap(compare);
  for (const [node, needs] of graph) {
    let count = 0;
    for (const need of needs) {
      if (!graph.has(need) || need === node) continue;
      count++;
      const list = neededBy.get(need);
      if (list === undefined) neededBy.set(need, [node]);
      else list.push(node);
    }
    missing.set(node, count);
    if (count === 0) ready.push(node);
  }
  const result: string[] = [];
  for (let node = ready.pop(); node !== undefined; node = ready.pop()) {
    result.push(node);
    for (const waiting of neededBy.get(node) ?? []) {
      const left = (missing.get(waiting) ?? 0) - 1;
      missing.set(waiting, left);
      if (left === 0) ready.push(waiting);
    }
  }
  return result;
}

class Heap {
  readonly #items: string[] = [];
  readonly #compare: (a: string, b: string) => number;

  constructor(compare: (a: string, b: string) => number) {
    this.#compare = compare;
  }

  push(item: string): void {
    const items = this.#items;
    let at = items.length;
    items.push(item);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const other = items[parent];
      if (other === undefined || this.#compare(other, item) <= 0) break;
      items[at] = other;
      at = parent;
    }
    items[at] = item;
  }

  pop(): string | undefined {
    const items = this.#items;
    const first = items[0];
    const last = items.pop();
    if (first === undefined || last === undefined || items.length === 0) return first;
    let at = 0;
    for (;;) {
      const left = items[2 * at + 1];
      const right = items[2 * at + 2];
      if (left === undefined) break;
      const goRight = right !== undefined && this.#compare(right, left) < 0;
      const least = goRight ? right : left;
      if (this.#compare(last, least) <= 0) break;
      items[at] = least;
      at = 2 * at + (goRight ? 2 : 1);
    }
    items[at] = last;
    return first;
  }
}
