import { redactText } from '../errors/redact.ts';
import { isWalcastError } from '../errors/walcast-error.ts';

const MAX_DEPTH = 6;
const MAX_ITEMS = 100;
const MAX_TEXT = 8_192;

/**
 * A value as the log may show it: passwords hidden, errors with their code, hint and causes, long texts and lists cut, and nothing in it that
 * JSON cannot write.
 */
export function loggable(value: unknown, secrets: readonly string[], depth = 0): unknown {
  if (typeof value === 'string') return shorten(redactText(value, secrets));
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'function' || typeof value === 'symbol') return undefined;
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Uint8Array) return `<${value.byteLength} bytes>`;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'invalid date' : value.toISOString();
  if (depth >= MAX_DEPTH) return '…';
  if (value instanceof Error) return loggableError(value, secrets, depth);
  if (Array.isArray(value)) {
    const shown = value.slice(0, MAX_ITEMS).map((item) => loggable(item, secrets, depth + 1));
    return value.length > MAX_ITEMS ? [...shown, `… ${value.length - MAX_ITEMS} more`] : shown;
  }
  if (value instanceof Map) return loggable(Object.fromEntries(value), secrets, depth);
  if (value instanceof Set) return loggable([...value], secrets, depth);
  const entries = Object.entries(value).slice(0, MAX_ITEMS);
  return Object.fromEntries(entries.map(([key, item]) => [key, loggableEntry(key, item, secrets, depth)]));
}

const SECRET_KEY = /^(ssl)?(password|passwd|passphrase|secret|token|api[_-]?key|mac[_-]?key)$/i;

function loggableEntry(key: string, value: unknown, secrets: readonly string[], depth: number): unknown {
  return SECRET_KEY.test(key) && value !== undefined && value !== null ? '***' : loggable(value, secrets, depth + 1);
}

function loggableError(error: Error, secrets: readonly string[], depth: number): unknown {
  const own = loggable({ ...error }, secrets, depth) as Record<string, unknown>;
  return {
    ...own,
    type: error.name,
    message: shorten(redactText(error.message, secrets)),
    // an error with a code of ours is told by its code; the stack matters for the others
    ...(isWalcastError(error) && error.code !== 'E_INTERNAL'
      ? {}
      : { stack: shorten(redactText(error.stack ?? '', secrets)) }),
    ...(error.cause === undefined ? {} : { cause: loggable(error.cause, secrets, depth + 1) }),
  };
}

function shorten(text: string): string {
  return text.length <= MAX_TEXT ? text : `${text.slice(0, MAX_TEXT)}… (${text.length} characters)`;
}
