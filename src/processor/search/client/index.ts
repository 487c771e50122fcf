export type { Reach } from './client-options.ts';
export { untilQuiet } from './quiet.ts';
export {
  encodePath,
  SearchClient,
  type SearchAnswer,
  type SearchClientOptions,
  type SearchRequest,
} from './search-client.ts';
export { SearchError } from './search-error.ts';
