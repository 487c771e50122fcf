/** Which source, and by which names it is followed. */
export interface SourceOptions {
  readonly url: string;
  readonly slot: string;
  readonly publication: string;
  readonly signal?: AbortSignal;
}
