/**
 * An answer that is waited for after others were sent: what a far server costs is its work, not the way. The server goes on inside a failed
 * transaction and refuses what follows, so only the first failure says something, and those of the others may go unmet.
 */
export function metLater<T>(answer: Promise<T>): Promise<T> {
  answer.catch(() => undefined);
  return answer;
}
