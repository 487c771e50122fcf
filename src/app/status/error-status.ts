import { redactText } from '../../errors/redact.ts';
import { isWalcastError } from '../../errors/walcast-error.ts';
import type { ErrorStatus } from '../run/run-status.ts';

export function errorStatus(error: unknown): ErrorStatus {
  if (isWalcastError(error)) return { code: error.code, message: redactText(error.message), hint: error.hint };
  const message = error instanceof Error ? error.message : String(error);
  return { code: 'E_INTERNAL', message: redactText(message), hint: '' };
}
