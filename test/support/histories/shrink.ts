/**
 * Delta debugging: leaves out as many items as `fails` allows, larger pieces first. `fails` is asked as long as `more` says so; what is known to
 * fail by then is the answer.
 */
export async function shrink<T>(
  items: readonly T[],
  fails: (items: readonly T[]) => Promise<boolean>,
  more: () => boolean,
): Promise<readonly T[]> {
  let known = items;
  for (let size = Math.ceil(known.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    // from the end: what stands later depends on what stands before
    for (let end = known.length; end > 0 && more(); end -= size) {
      const without = [...known.slice(0, Math.max(0, end - size)), ...known.slice(end)];
      if (without.length > 0 && (await fails(without))) known = without;
    }
    if (!more()) break;
  }
  return known;
}
