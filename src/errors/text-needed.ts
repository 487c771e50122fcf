import { WalcastError } from './walcast-error.ts';

/**
 * A stream with values in binary form met something that takes them as text only. It starts over as text, and whoever was in the middle of
 * something takes it back; nobody is told of it as of a failure.
 */
export class TextNeeded extends WalcastError {
  constructor(why: string, cause?: unknown) {
    super('E_SOURCE_CONNECTION', `the stream starts over with values as text: ${why}`, { cause, retryable: true });
    this.name = 'TextNeeded';
  }
}
