export { javaOf } from './java.ts';
export type { OpenSearchLine } from './node-files.ts';
export { OpenSearchNode, type NodeOptions } from './open-search-node.ts';
export { dropIndexes, uniquePrefix } from './scratch-names.ts';
export { SearchNodes, type SharedNode } from './search-nodes.ts';
