import { type Ast, child, textOf, walk } from './ast.ts';

/** Words that the input functions of dates and times turn into a constant, at once. */
const WORDS: ReadonlySet<string> = new Set(['now', 'today', 'tomorrow', 'yesterday']);

/** Does a literal such as `'now'::timestamp` stand in the statement, of which only the moment when it is read remains? */
export function mentionsMoment(node: Ast): boolean {
  for (const [field, part] of walk(node)) {
    if (field !== 'A_Const') continue;
    const value = textOf(child(part, 'sval'), 'sval');
    // "now" may have a zone behind it, and what stands before a moment of the day; a range, an array or a row may hold them
    const words = value?.toLowerCase().split(/[^a-z]+/) ?? [];
    if (words.some((word) => WORDS.has(word))) return true;
  }
  return false;
}
