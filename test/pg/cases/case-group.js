/** Runs every step; a step that the source refuses (a plain user lacks the right, a version the syntax) is no failure of ours. */
export async function runGroup(group, client) {
    const refused = [];
    for (const step of group.steps) {
        try {
            await (typeof step === 'string' ? client.query(step) : step(client));
        }
        catch (error) {
            refused.push(error instanceof Error ? error.message : String(error));
            await client.query('rollback');
        }
    }
    return refused;
}
