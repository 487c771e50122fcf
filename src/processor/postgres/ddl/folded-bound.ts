import { type Ast, child, listOf, textOf, walk } from '../../../ddl/ast.ts';
import { parseSql } from '../../../ddl/sql-parser.ts';
import { quoteLiteral } from '../../../sql/quote.ts';
import { textArray } from './role-runner.ts';

const HEAD = 'select ';

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/**
 * The bound of a partition as DETACH CONCURRENTLY stores it: lists of constants are one constant there, while the server prints them as ARRAY[…] as
 * long as it is a bound. An array of anything else stays as it is.
 */
export async function foldedBound(bound: string): Promise<string> {
  const bytes = Buffer.from(HEAD + bound);
  const [statement] = await parseSql(bytes.toString());
  const edits: Edit[] = [];
  for (const [field, node] of walk(statement?.tree)) {
    if (field !== 'A_ArrayExpr') continue;
    const edit = constantArray(node, bytes);
    if (edit !== null) edits.push(edit);
  }
  let folded = bytes;
  for (const { start, end, text } of edits.sort((a, b) => b.start - a.start))
    folded = Buffer.concat([folded.subarray(0, start), Buffer.from(text), folded.subarray(end)]);
  return folded.subarray(HEAD.length).toString();
}

function constantArray(node: Ast, bytes: Buffer): Edit | null {
  const { location: start, list_end: last } = node;
  if (typeof start !== 'number' || typeof last !== 'number') return null;
  const elements = listOf(node, 'elements');
  const values = elements.map(constantOf);
  const known = values.filter((value) => value !== undefined);
  if (known.length < values.length) return null;
  const type = typeOf(elements, bytes);
  if (type === null) return null;
  return { start, end: last + 1, text: `${quoteLiteral(textArray(known)).trim()}::${type}[]` };
}

/** Undefined: it is none. */
function constantOf(element: Ast): string | null | undefined {
  const constant = child(child(child(element, 'TypeCast'), 'arg') ?? element, 'A_Const');
  if (constant === undefined) return undefined;
  if (constant['isnull'] === true) return null;
  const string = child(constant, 'sval');
  if (string !== undefined) return textOf(string, 'sval') ?? '';
  const whole = child(constant, 'ival');
  if (whole !== undefined) return String(Number(whole['ival'] ?? 0));
  const decimal = child(constant, 'fval');
  if (decimal !== undefined) return textOf(decimal, 'fval') ?? '';
  const truth = child(constant, 'boolval');
  return truth === undefined ? undefined : String(truth['boolval'] === true);
}

/** As the first element has it; the text goes on to the second one, which a list of a bound always has. */
function typeOf([first, second]: readonly Ast[], bytes: Buffer): string | null {
  if (first === undefined) return null;
  const typeName = child(child(first, 'TypeCast'), 'typeName');
  if (typeName === undefined) {
    const constant = child(first, 'A_Const');
    if (child(constant, 'ival') !== undefined) return 'integer';
    if (child(constant, 'fval') !== undefined) return 'numeric';
    return child(constant, 'boolval') === undefined ? null : 'boolean';
  }
  const start = typeName['location'];
  const next = child(child(second, 'TypeCast'), 'arg') ?? second;
  const end = child(next, 'A_Const')?.['location'];
  if (typeof start !== 'number' || typeof end !== 'number') return null;
  const text = bytes.subarray(start, end).toString().trimEnd();
  return text.endsWith(',') ? text.slice(0, -1).trimEnd() : null;
}
