import { isMap, isPair, isScalar, LineCounter, parseDocument, type Document } from 'yaml';
import { ConfigProblem } from './problem.ts';

export type Path = readonly (string | number)[];

/** The plain value of a YAML file and the line of everything in it. */
export interface ConfigDocument {
  readonly value: Record<string, unknown>;
  /** Line of the key or item at the path, or of the nearest parent that the file holds. */
  lineOf(path: Path): number | undefined;
}

/** Deeper than any setting; ends documents that contain themselves. */
const MAX_DEPTH = 16;

export function parseConfigText(text: string, file: string): ConfigDocument {
  const lines = new LineCounter();
  const document = parseDocument(text, { version: '1.2', lineCounter: lines, prettyErrors: false });
  const failure = document.errors[0];
  if (failure !== undefined)
    throw new ConfigProblem(failure.message, { file, line: lines.linePos(failure.pos[0]).line });
  let value: unknown;
  try {
    value = clean(document.toJS(), 0);
  } catch (error) {
    throw new ConfigProblem(error instanceof Error ? error.message : 'is no YAML', { file }, error);
  }
  if (value !== undefined && !isRecord(value)) {
    throw new ConfigProblem('a mapping such as `source:` has to stand at the top', { file, line: 1 });
  }
  return { value: value ?? {}, lineOf: (path) => lineOf(document, lines, path) };
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A key without a value (`filter:`) is not set. */
function clean(value: unknown, depth: number): unknown {
  if (depth > MAX_DEPTH) throw new RangeError(`is nested deeper than ${MAX_DEPTH} levels`);
  if (value === null) return undefined;
  if (Array.isArray(value)) return value.map((item) => clean(item, depth + 1));
  if (!isRecord(value)) return value;
  const entries = Object.entries(value).map(([key, item]) => [key, clean(item, depth + 1)] as const);
  return Object.fromEntries(entries.filter(([, item]) => item !== undefined));
}

function lineOf(document: Document, lines: LineCounter, path: Path): number | undefined {
  for (let length = path.length; length > 0; length--) {
    const parent = length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true);
    const key = path[length - 1];
    const node = isMap(parent)
      ? parent.items.find((pair) => isPair(pair) && isScalar(pair.key) && String(pair.key.value) === String(key))?.key
      : document.getIn(path.slice(0, length), true);
    const range = (node as { range?: readonly number[] | null } | undefined)?.range;
    if (range?.[0] !== undefined) return lines.linePos(range[0]).line;
  }
  return undefined;
}
