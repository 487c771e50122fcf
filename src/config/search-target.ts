import { z } from 'zod';
import { size, whole } from './scalars.ts';

const SCHEMES = ['http:', 'https:', 'opensearch+http:', 'opensearch+https:'];

const searchUrl = z
  .string()
  .refine((text) => URL.canParse(text), {
    error: 'is not a URL; escape special characters of the password, such as / as %2F and @ as %40',
    abort: true,
  })
  .refine((text) => SCHEMES.includes(new URL(text).protocol), {
    error: 'has to start with http://, https://, opensearch+http:// or opensearch+https://',
    abort: true,
  })
  .refine((text) => new URL(text).hostname !== '', { error: 'names no host' })
  .describe('the cluster, https://user:password@host:port');

const aws = z.strictObject({
  region: z.string().min(1).describe('AWS region of the domain, for SigV4'),
  service: z.enum(['es', 'aoss']).default('es').describe('es: OpenSearch Service; aoss: Serverless'),
  access_key_id: z.string().min(1).describe('of an IAM identity that may write to the domain'),
  secret_access_key: z.string().min(1).describe('its secret, best as `${AWS_SECRET_ACCESS_KEY}`'),
  session_token: z.string().min(1).optional().describe('of temporary credentials'),
});

const auth = z.strictObject({
  api_key: z.string().min(1).optional().describe('sent as `Authorization: ApiKey …`'),
  aws: aws.optional(),
});

const tls = z.strictObject({
  ca: z.string().min(1).optional().describe('file of the certificate authority, PEM'),
  cert: z.string().min(1).optional().describe('file of our own certificate, PEM'),
  key: z.string().min(1).optional().describe('file of its key, PEM'),
  insecure: z.boolean().default(false).describe("don't check the server's certificate: for tests only"),
});

/** What OpenSearch takes and we only pass on: nested objects are theirs. */
const passedOn = z.record(z.string(), z.unknown());

const table = z.strictObject({
  skip: z.boolean().default(false).describe('no index for this table'),
  routing: z.string().min(1).optional().describe('column whose value routes documents to shards; part of the identity'),
  settings: passedOn.default({}).describe('settings of the index, such as number_of_shards and analysis'),
  fields: z
    .record(z.string().min(1), passedOn)
    .default({})
    .describe('column: options of its field, such as analyzer, type, fields (sub-fields)'),
});

export const searchTarget = z.strictObject({
  url: searchUrl,
  index: z
    .string()
    .min(1)
    .default('{schema}.{table}')
    .describe(
      'name (an alias) of the index of a table; without {table} several tables share one, told apart by `_table`',
    ),
  prefix: z
    .string()
    .regex(/^[a-z0-9][a-z0-9_-]{0,31}$/, { error: 'may hold a-z, 0-9, _ and -, at most 32 of them' })
    .default('walcast')
    .describe('begins the names of the real indexes'),
  fields: z
    .enum(['ids', 'names'])
    .default('ids')
    .describe(
      'ids: fields are stored by column id and found by name, a rename costs nothing; names: `_source` holds names',
    ),
  on_refused: z
    .enum(['stop', 'dead_letter'])
    .default('stop')
    .describe('a document that the index refuses: stop the target, or put it into the dead-letter index and go on'),
  on_drop: z.enum(['delete', 'keep']).default('delete').describe('what becomes of the index of a dropped table'),
  settings: passedOn.default({}).describe('settings of every index, such as number_of_shards'),
  bulk_size: size(64 * 1024)
    .default(4 * 1024 * 1024)
    .describe('most bytes of one bulk request; halved by itself where the cluster takes less'),
  bulk_count: whole(1, 100_000).default(5_000).describe('most documents of one bulk request'),
  bulk_requests: whole(1, 16).default(2).describe('bulk requests under way at once'),
  auth: auth.prefault({}),
  tls: tls.prefault({}),
  tables: z.record(z.string().min(1), table).default({}).describe('`schema.table`: what is special about its index'),
});
