import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface Certificates {
  readonly ca: string;
  readonly server: { readonly cert: string; readonly key: string };
  readonly client: { readonly cert: string; readonly key: string };
  remove(): Promise<void>;
}

/** Files of an authority of the test's own, of a server at 127.0.0.1 and of a client. */
export async function makeCertificates(): Promise<Certificates> {
  const folder = await mkdtemp(join(tmpdir(), 'walcast-certificates-'));
  const file = (name: string): string => join(folder, name);
  const openssl = (...words: string[]): Promise<unknown> => run('openssl', words, { cwd: folder });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  await openssl(
    'req',
    '-x509',
    ...newKey,
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
    '-days',
    '2',
    '-subj',
    '/CN=walcast test',
  );
  const issue = async (name: string, ...extensions: string[]): Promise<{ cert: string; key: string }> => {
    const [cert, key] = [file(`${name}.pem`), file(`${name}.key`)];
    const by = ['-CA', 'ca.pem', '-CAkey', 'ca.key'];
    const words = ['-days', '2', '-subj', `/CN=${name}`, ...extensions.flatMap((each) => ['-addext', each])];
    await openssl('req', '-x509', ...by, ...newKey, '-keyout', key, '-out', cert, ...words);
    return { cert, key };
  };
  return {
    ca: file('ca.pem'),
    server: await issue('server', 'subjectAltName=IP:127.0.0.1', 'basicConstraints=critical,CA:FALSE'),
    client: await issue('client', 'basicConstraints=critical,CA:FALSE'),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
