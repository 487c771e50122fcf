export function isAst(value) {
    return typeof value === 'object' && value !== null && !Array.isArray(value);
}
export function child(node, field) {
    const value = node?.[field];
    return isAst(value) ? value : undefined;
}
export function textOf(node, field) {
    const value = node?.[field];
    return typeof value === 'string' ? value : undefined;
}
export function listOf(node, field) {
    const value = node?.[field];
    return Array.isArray(value) ? value.filter(isAst) : [];
}
/** `{CreateStmt: {…}}` → its kind and its node. */
export function unwrap(wrapped) {
    for (const [kind, node] of Object.entries(wrapped))
        if (isAst(node))
            return { kind, node };
    return { kind: Object.keys(wrapped)[0] ?? 'Empty', node: {} };
}
/** The parts of a name as the parser lists them: `a.b.c` → ['a', 'b', 'c']. */
export function nameParts(list) {
    return list.map((part) => textOf(child(part, 'String'), 'sval') ?? '');
}
/** Every node below `value`, itself included, with the field under which it hangs. */
export function* walk(value, field = '') {
    if (Array.isArray(value)) {
        for (const item of value)
            yield* walk(item, field);
    }
    else if (isAst(value)) {
        yield [field, value];
        for (const [name, part] of Object.entries(value))
            yield* walk(part, name);
    }
}
const POSITION_FIELDS = new Set([
    'location',
    'stmt_location',
    'stmt_len',
    'list_start',
    'list_end',
    'rexpr_list_start',
    'rexpr_list_end',
]);
/** A text that is equal for equal trees, wherever their nodes stand in their texts and in whatever order their fields came. */
export function fingerprint(value) {
    return JSON.stringify(value, (field, part) => {
        if (POSITION_FIELDS.has(field))
            return undefined;
        return isAst(part) ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1))) : part;
    });
}
