import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { OPTIONS, type OptionRow } from '../config/options.ts';
import { configJsonSchema } from '../config/schema.ts';

const text = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8');

interface Node {
  readonly properties?: Readonly<Record<string, Node>>;
  readonly items?: Node;
  readonly default?: unknown;
  readonly enum?: readonly string[];
}

/** Every setting by its path; lists count as their items. */
function leaves(node: Node, path: string): [string, Node][] {
  const children = node.properties ?? node.items?.properties;
  if (children === undefined) return [[path, node]];
  return Object.entries(children).flatMap(([key, child]) => leaves(child, path === '' ? key : `${path}.${key}`));
}

const SETTINGS = leaves(configJsonSchema() as Node, '');

it.each(SETTINGS)('docs/configuration.md has %s with its values and default', (path, node) => {
  const row = text.split('\n').find((line) => line.startsWith(`| \`${path}\` |`));
  expect(row, 'a row of the table').toBeDefined();
  if (path !== 'log.level') for (const value of node.enum ?? []) expect(row).toContain(`\`${value}\``);
  if (typeof node.default === 'string') expect(row).toContain(`| \`${node.default}\` |`);
});

it('names no setting that does not exist', () => {
  const known = new Set(SETTINGS.map(([path]) => path));
  const named = [...(text.split('## The file')[1] ?? '').matchAll(/^\| `([\w.]+)` \|/gm)].map((match) => match[1]);
  expect(named.filter((path) => !known.has(path ?? ''))).toEqual([]);
});

it.each<OptionRow>(OPTIONS)(
  'docs/configuration.md has flag and variable of $key',
  ({ flag, env, path, default: value }) => {
    const row = text.split('\n').find((line) => line.startsWith(`| \`${flag.split(' ')[0]}\` |`));
    expect(row).toContain(`| \`${env}\` | \`${path.join('.')}\` |`);
    if (value !== undefined) expect(row).toContain(`| \`${value}\` |`);
  },
);
