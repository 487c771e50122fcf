import { WalcastError } from '../errors/walcast-error.ts';

/** A stream that does not follow the pgoutput format stops the pipeline: guessing would lose data. */
export function protocolError(message: string, fields: { kind?: number; offset?: number } = {}): WalcastError {
  const where = fields.kind === undefined ? '' : ` in message '${String.fromCharCode(fields.kind)}'`;
  return new WalcastError('E_PROTOCOL', `${message}${where}`, { fields });
}
