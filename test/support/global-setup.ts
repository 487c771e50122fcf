import { startBroker } from './broker.ts';
import { serverMajor } from './prepare-server.ts';

/** Nothing is started yet: servers and the build come when the first test asks, and end here. */
export default async function setup(): Promise<(() => Promise<void>) | undefined> {
  const source = process.env['WALCAST_TEST_SOURCE_URL'];
  if (source !== undefined && source !== '') process.env['WALCAST_TEST_PG'] = String(await serverMajor(source));
  const broker = await startBroker();
  return broker === undefined ? undefined : () => broker.close();
}
