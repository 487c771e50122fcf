import { createHash } from 'node:crypto';
import aws4 from 'aws4';
import type { Reach } from './client-options.ts';

export interface Unsigned {
  readonly host: string;
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | undefined;
}

/** The headers of a request that AWS lets in: Signature Version 4. */
export function signed(request: Unsigned, aws: NonNullable<Reach['auth']['aws']>): Record<string, string> {
  const { host, method, path, headers, body } = request;
  const digest = createHash('sha256')
    .update(body ?? '')
    .digest('hex');
  const { headers: result } = aws4.sign(
    {
      ...{ host, method, path, service: aws.service, region: aws.region },
      // Serverless asks for the digest by name; the others don't mind it.
      headers: { ...headers, host, 'x-amz-content-sha256': digest },
      ...(body === undefined ? {} : { body }),
    },
    {
      accessKeyId: aws.access_key_id,
      secretAccessKey: aws.secret_access_key,
      ...(aws.session_token === undefined ? {} : { sessionToken: aws.session_token }),
    },
  );
  return result as Record<string, string>;
}
