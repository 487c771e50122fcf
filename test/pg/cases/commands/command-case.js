export function knownBy(major, { since = 0, until = Infinity }) {
    return since <= major && major <= until;
}
export function stepText(step) {
    return typeof step === 'string' ? step : step.sql;
}
