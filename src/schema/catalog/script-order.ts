import { WalcastError } from '../../errors/walcast-error.ts';
import type { SchemaSection } from '../../wal/snapshot.ts';
import { type CatalogObject, type ObjectKey, rankOf, type Statement } from './catalog-object.ts';
import { circles, sorted } from './graph.ts';

/** One step of the script: an object, or the incomplete form of one. */
export interface Step {
  readonly object: CatalogObject;
  readonly section: SchemaSection;
  readonly statements: readonly Statement[];
}

interface Node {
  readonly object: CatalogObject;
  statements: readonly Statement[];
  section: SchemaSection;
  needs: Set<ObjectKey>;
  split: boolean;
}

const STUB = '#stub';
/** Which kind gives way in a circle: the one whose incomplete form is least noticed. */
const YIELDING = ['type', 'view', 'table', 'function'];

/**
 * The order in which objects can be made, `pre-data` first. Circles are opened as pg_dump does it: by a shell type, a view without its
 * query, a table without some of its checks; moreover by a function without its body. What needs a key (a view that groups by it) is completed or made in `post-data`.
 */
export function scriptOrder(
  objects: readonly CatalogObject[],
  needsOf: (object: CatalogObject) => Set<ObjectKey>,
): Step[] {
  const nodes = new Map<ObjectKey, Node>();
  for (const object of objects) {
    nodes.set(object.key, {
      object,
      statements: object.statements,
      section: object.section ?? 'pre-data',
      needs: needsOf(object),
      split: false,
    });
  }
  openCircles(nodes);
  settleSections(nodes);
  return inOrder(nodes);
}

function openCircles(nodes: Map<ObjectKey, Node>): void {
  for (let groups = circles(graphOf(nodes)); groups.length > 0; groups = circles(graphOf(nodes))) {
    for (const group of groups) {
      const yielding = chooseYielding(group.flatMap((key) => nodes.get(key) ?? []));
      if (yielding === undefined) throw unbreakable(group.map((key) => describe(nodes.get(key))));
      splitNode(nodes, yielding, new Set(group));
    }
  }
}

function chooseYielding(group: readonly Node[]): Node | undefined {
  const able = group.filter(({ object, split }) => object.stub !== undefined && !split);
  return able.sort(
    (a, b) =>
      YIELDING.indexOf(a.object.kind) - YIELDING.indexOf(b.object.kind) || compareText(a.object.name, b.object.name),
  )[0];
}

/** Those of `dependents` come to hang on the incomplete form, the others wait for the whole object. */
function splitNode(nodes: Map<ObjectKey, Node>, node: Node, dependents: ReadonlySet<ObjectKey>): void {
  const { object } = node;
  const { key, stub } = object;
  if (stub === undefined) return;
  const stubKey = key + STUB;
  for (const dependent of dependents) {
    const other = nodes.get(dependent);
    if (other !== undefined && other !== node && other.needs.delete(key)) other.needs.add(stubKey);
  }
  if (node.split) return;
  const needs = new Set(stub.needs);
  needs.delete(key);
  nodes.set(stubKey, { object, statements: stub.statements, section: 'pre-data', needs, split: true });
  node.split = true;
  node.statements = [...stub.completion, ...object.statements.slice(1)];
  node.needs.add(stubKey);
}

/** Nothing of pre-data hangs on anything of post-data afterwards. */
function settleSections(nodes: Map<ObjectKey, Node>): void {
  const dependents = new Map<ObjectKey, ObjectKey[]>();
  for (const [key, node] of nodes) {
    for (const need of node.needs) {
      const list = dependents.get(need);
      if (list === undefined) dependents.set(need, [key]);
      else list.push(key);
    }
  }
  const waiting = [...nodes].filter(([, { section }]) => section === 'post-data').map(([key]) => key);
  for (let key = waiting.pop(); key !== undefined; key = waiting.pop()) {
    for (const dependent of dependents.get(key) ?? []) {
      const node = nodes.get(dependent);
      if (node === undefined || node.section === 'post-data') continue;
      const { object } = node;
      if (object.stub?.enoughFor === 'everything') {
        const all = dependents.get(dependent) ?? [];
        const early = new Set(all.filter((other) => nodes.get(other)?.section === 'pre-data'));
        splitNode(nodes, node, early);
        dependents.set(
          dependent,
          all.filter((other) => !early.has(other)),
        );
      } else if (object.movable !== true && object.section !== null) {
        throw unbreakable([describe(node), describe(nodes.get(key))]);
      }
      node.section = 'post-data';
      waiting.push(dependent);
    }
  }
}

function inOrder(nodes: ReadonlyMap<ObjectKey, Node>): Step[] {
  const compare = (a: ObjectKey, b: ObjectKey): number => {
    const [one, two] = [nodes.get(a), nodes.get(b)];
    if (one === undefined || two === undefined) return 0;
    if (one.section !== two.section) return one.section === 'pre-data' ? -1 : 1;
    return (
      rankOf(one.object.kind) - rankOf(two.object.kind) ||
      compareText(one.object.name, two.object.name) ||
      compareText(a, b)
    );
  };
  return sorted(graphOf(nodes), compare).flatMap((key) => {
    const node = nodes.get(key);
    return node === undefined ? [] : [{ object: node.object, section: node.section, statements: node.statements }];
  });
}

function graphOf(nodes: ReadonlyMap<ObjectKey, Node>): Map<ObjectKey, Set<ObjectKey>> {
  return new Map([...nodes].map(([key, { needs }]) => [key, needs]));
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function describe(node: Node | undefined): string {
  return node === undefined ? 'an unknown object' : `${node.object.kind} ${node.object.name}`;
}

function unbreakable(names: readonly string[]): WalcastError {
  return new WalcastError(
    'E_SCHEMA_CIRCLE',
    `No order of statements makes these objects, since they need one another: ${names.slice(0, 10).join(', ')}`,
    { fields: { objects: names } },
  );
}
