import path from 'node:path';

/**
 * The layers of `src`, top first. A file may import its own folder and every folder of a lower layer; folders of one layer are siblings
 * and never import one another. `errors` is open to everybody.
 */
export const LAYERS = [
  ['cli'],
  ['app'],
  ['pipeline'],
  ['listener', 'decode', 'modifier', 'processor', 'migrate'],
  ['documents'],
  ['ddl'],
  ['schema'],
  ['postgres'],
  ['sql', 'wal', 'observe', 'config', 'errors'],
];

/** Folders whose subfolders (one a source, one a target) are siblings too; files directly in them are shared. */
const SIBLING_SUBFOLDERS = new Set(['listener', 'processor']);

const OPEN_TO_ALL = 'errors';

function layerOf(folder) {
  return LAYERS.findIndex((layer) => layer.includes(folder));
}

/** `src/processor/postgres/x.ts` → folder processor, sub postgres; undefined outside `src`. */
function locate(file, root) {
  const parts = path.relative(path.join(root, 'src'), file).split(path.sep);
  if (parts[0] === '..' || path.isAbsolute(parts[0])) return undefined;
  return { folder: parts.length > 1 ? parts[0] : '', sub: parts.length > 2 ? parts[1] : undefined };
}

/** Why `from` must not import `to`, both absolute file names; undefined if it may. */
export function violation(from, to, root) {
  const source = locate(from, root);
  if (source === undefined) return undefined;
  const target = locate(to, root);
  if (target === undefined) {
    return from.endsWith('.test.ts') ? undefined : 'code in src must not import files outside src';
  }
  for (const { folder } of [source, target]) {
    if (layerOf(folder) === -1) return `'src/${folder}' is not in the layer table of tools/eslint/import-direction.js`;
  }
  if (source.folder === target.folder) {
    const apart = source.sub !== undefined && target.sub !== undefined && source.sub !== target.sub;
    if (apart && SIBLING_SUBFOLDERS.has(source.folder)) {
      return `siblings do not import one another: ${source.folder}/${source.sub} → ${target.folder}/${target.sub}`;
    }
    return undefined;
  }
  if (target.folder === OPEN_TO_ALL) return undefined;
  const [own, other] = [layerOf(source.folder), layerOf(target.folder)];
  if (own === other) return `siblings do not import one another: ${source.folder} → ${target.folder}`;
  if (own > other) return `imports go down only: ${source.folder} → ${target.folder}`;
  return undefined;
}

export const importDirection = {
  meta: {
    type: 'problem',
    docs: { description: 'imports go down the layer table only' },
    schema: [{ type: 'object', properties: { root: { type: 'string' } }, additionalProperties: false }],
    messages: { direction: '{{reason}}' },
  },
  create(context) {
    const root = context.options[0]?.root ?? context.cwd;
    function check(source) {
      if (source?.type !== 'Literal' || typeof source.value !== 'string' || !source.value.startsWith('.')) return;
      const reason = violation(context.filename, path.resolve(path.dirname(context.filename), source.value), root);
      if (reason !== undefined) context.report({ node: source, messageId: 'direction', data: { reason } });
    }
    return {
      ImportDeclaration: (node) => check(node.source),
      ExportNamedDeclaration: (node) => check(node.source),
      ExportAllDeclaration: (node) => check(node.source),
      ImportExpression: (node) => check(node.source),
      TSImportType: (node) => check(node.source ?? node.argument?.literal ?? node.argument),
    };
  },
};
