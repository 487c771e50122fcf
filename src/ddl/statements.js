import { textOf, unwrap } from "./ast.js";
import { commandTag } from "./command-tag.js";
import { parseSql } from "./sql-parser.js";
import { statementNames } from "./statement-names.js";
/** Splits a text into its statements, in order. Rejects with the parser's error for what is not SQL. */
export async function parseStatements(text) {
    const raw = await parseSql(text);
    if (raw.length === 0)
        return [];
    const bytes = Buffer.from(text);
    const parsed = raw.map(({ tree, start, end }) => ({
        ...unwrap(tree),
        sql: bytes.toString('utf8', start, end).trim(),
    }));
    const dead = rolledBack(parsed);
    return parsed.map(({ kind, node, sql }, i) => ({
        sql,
        kind,
        node,
        tag: commandTag(kind, node),
        names: statementNames(kind, node),
        dead: dead.has(i),
    }));
}
/** Positions of the statements that a later ROLLBACK of the same text undoes. */
function rolledBack(statements) {
    const dead = new Set();
    let savepoints = [];
    let begun = 0;
    const bury = (from, to) => {
        for (let i = from; i < to; i++)
            dead.add(i);
    };
    statements.forEach(({ kind, node }, at) => {
        if (kind !== 'TransactionStmt')
            return;
        const name = textOf(node, 'savepoint_name') ?? '';
        const known = savepoints.findLastIndex((savepoint) => savepoint.name === name);
        switch (textOf(node, 'kind')) {
            case 'TRANS_STMT_SAVEPOINT':
                savepoints.push({ at, name });
                break;
            case 'TRANS_STMT_RELEASE':
                if (known >= 0)
                    savepoints.length = known;
                break;
            case 'TRANS_STMT_ROLLBACK_TO':
                // a savepoint that an earlier text made: everything here came after it
                bury(known >= 0 ? (savepoints[known]?.at ?? 0) : begun, at);
                savepoints.length = known + 1;
                break;
            case 'TRANS_STMT_ROLLBACK':
                bury(begun, at);
                savepoints = [];
                begun = at;
                break;
            case 'TRANS_STMT_COMMIT':
            case 'TRANS_STMT_PREPARE':
                savepoints = [];
                begun = at;
                break;
            default: // BEGIN inside a running transaction changes nothing
        }
    });
    return dead;
}
export function isExtensionStatement(statement) {
    return statement.kind === 'CreateExtensionStmt' || statement.kind === 'AlterExtensionStmt';
}
