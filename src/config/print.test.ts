import { describe, expect, it } from 'vitest';
import { loadConfig } from './load.ts';
import { OPTIONS } from './options.ts';
import { printedSettings, redactConfig } from './print.ts';
import { configJsonSchema, configSchema } from './schema.ts';

const loaded = loadConfig({
  env: { REPLICATE_SOURCE_URL: 'postgres://app:s3cretpw@db/main' },
  flags: { targetUrl: 'postgres://copy:t4rgetpw@replica/main?password=0therpw' },
});

describe('printedSettings', () => {
  it('says of every value where it came from and shows no password', () => {
    const settings = printedSettings(loaded);
    const row = (path: string) => settings.find((setting) => setting.path === path);
    expect(row('source.postgres.url')).toEqual({
      path: 'source.postgres.url',
      value: 'postgres://app:***@db/main',
      origin: 'env REPLICATE_SOURCE_URL',
    });
    expect(row('targets.0.postgres.url')?.origin).toBe('flag --target-url');
    expect(row('targets.0.name')?.origin).toBe('flag --target-url');
    expect(row('server.listen')).toEqual({ path: 'server.listen', value: '127.0.0.1:9464', origin: 'default' });
    expect(row('source.filter.include')?.value).toEqual(['*.*']);
    expect(JSON.stringify(settings)).not.toMatch(/s3cretpw|t4rgetpw|0therpw/);
  });
});

describe('redactConfig', () => {
  it('leaves the configuration itself alone', () => {
    expect(JSON.stringify(redactConfig(loaded.config))).not.toMatch(/s3cretpw|t4rgetpw|0therpw/);
    expect(loaded.config.source.postgres.url).toContain('s3cretpw');
  });
});

describe('configJsonSchema', () => {
  it('knows every option of the table and closes every object', () => {
    const schema = JSON.parse(JSON.stringify(configJsonSchema())) as Record<string, unknown>;
    for (const option of OPTIONS) {
      let node: Record<string, unknown> | undefined = schema;
      for (const part of option.path) {
        const children: unknown = typeof part === 'number' ? { [part]: node?.['items'] } : node?.['properties'];
        node = (children as Record<string, Record<string, unknown>> | undefined)?.[part];
      }
      expect(node, option.path.join('.')).toBeDefined();
    }
    expect(schema['additionalProperties']).toBe(false);
    expect(schema['required']).toEqual(['source']);
  });

  it('has the same defaults as the table of options', () => {
    const config = configSchema.parse({ source: { postgres: { url: 'postgres://a/b' } }, targets: [] });
    expect([config.name, config.server.listen, config.log.level, config.log.format]).toEqual(
      ['name', 'listen', 'logLevel', 'logFormat'].map((key) => {
        const row = OPTIONS.find((option) => option.key === key);
        return row !== undefined && 'default' in row ? row.default : undefined;
      }),
    );
  });
});
