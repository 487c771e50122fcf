import { PIPELINE, PUBLICATION } from '../pipeline.ts';

/** The daemon's configuration for what `prepareSource` has made. */
export function faultConfig(sourceUrl: string, targetUrl: string, slot: string): Readonly<Record<string, unknown>> {
  return {
    name: PIPELINE,
    source: { postgres: { url: sourceUrl, slot, publication: PUBLICATION } },
    targets: [{ name: 'replica', postgres: { url: targetUrl } }],
    snapshot: { mode: 'never' },
  };
}
