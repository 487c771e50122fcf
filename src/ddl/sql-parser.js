import { child, isAst, listOf } from "./ast.js";
import { inParserThread, LARGE_TEXT_BYTES } from "./parser-thread.js";
/**
 * Splits a text into statements. `shortened` leaves long literals and rows out, as it is done for large texts, so that the trees of two
 * versions of one text are comparable. Rejects with the parser's error for a text that is not SQL.
 */
export async function parseSql(text, shortened = isLarge(text)) {
    const tree = await inParserThread('parse', text, !shortened);
    const length = Buffer.byteLength(text);
    return (isAst(tree) ? listOf(tree, 'stmts') : []).map((raw) => {
        const start = typeof raw['stmt_location'] === 'number' ? raw['stmt_location'] : 0;
        const size = typeof raw['stmt_len'] === 'number' ? raw['stmt_len'] : length - start;
        return { tree: child(raw, 'stmt') ?? {}, start, end: start + size };
    });
}
export async function scanSql(text) {
    const result = await inParserThread('scan', text, !isLarge(text));
    return (isAst(result) ? listOf(result, 'tokens') : []).map((token) => ({
        start: Number(token['start']),
        end: Number(token['end']),
        text: String(token['text']),
    }));
}
export function isLarge(text) {
    return text.length > LARGE_TEXT_BYTES || Buffer.byteLength(text) > LARGE_TEXT_BYTES;
}
