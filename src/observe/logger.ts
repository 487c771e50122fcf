import { format } from 'node:util';
import { pino, stdTimeFunctions, type ChildLoggerOptions, type Logger } from 'pino';
import { PinoPretty } from 'pino-pretty';
import { redactText } from '../errors/redact.ts';
import { loggable } from './loggable.ts';

export type { Logger };

export interface LoggerOptions {
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';
  readonly format: 'json' | 'pretty';
  /** On every line. */
  readonly pipeline?: string;
  /** Passwords to hide wherever they turn up. */
  readonly secrets?: readonly string[];
  /** Default: stderr; stdout is for data. */
  readonly stream?: NodeJS.WritableStream;
  /** For `pretty`; see {@link wantsColor}. */
  readonly color?: boolean;
}

/** NO_COLOR (https://no-color.org): any value but the empty one turns colour off. */
export function wantsColor(stream: { readonly isTTY?: boolean }, env: NodeJS.ProcessEnv): boolean {
  return stream.isTTY === true && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb';
}

/** Everything passes `loggable` before it becomes text: redacting the finished line could break its JSON. */
export function createLogger(options: LoggerOptions): Logger {
  const secrets = options.secrets ?? [];
  const stream = options.stream ?? process.stderr;
  const clean = (value: object) => loggable(value, secrets) as Record<string, unknown>;
  const logger = pino(
    {
      level: options.level,
      base: options.pipeline === undefined ? null : { pipeline: options.pipeline },
      timestamp: stdTimeFunctions.isoTime,
      // pino's own would undo what `loggable` has made of an error
      serializers: { err: (value: unknown) => value },
      formatters: { level: (label) => ({ level: label }), log: clean },
      hooks: {
        logMethod(args, method) {
          const [fields, message] = fieldsAndMessage(args, secrets);
          if (message === undefined) method.call(this, fields);
          else method.call(this, fields, message);
        },
      },
    },
    options.format === 'json'
      ? stream
      : PinoPretty({ destination: stream, sync: true, colorize: options.color ?? false }),
  );
  hideInBindings(logger, clean);
  return logger;
}

/** The bindings of a child pass no formatter. Children inherit what is set here. */
function hideInBindings(logger: Logger, clean: (value: object) => Record<string, unknown>): void {
  const { child, setBindings } = logger;
  Object.assign(logger, {
    child(this: Logger, bindings: object, options?: ChildLoggerOptions): unknown {
      return Reflect.apply(child, this, [clean(bindings), options]);
    },
    setBindings(this: Logger, bindings: object): void {
      setBindings.call(this, clean(bindings));
    },
  });
}

/** pino takes the message from an error, or puts it together, after the formatters have run: so it is done here. */
function fieldsAndMessage(args: readonly unknown[], secrets: readonly string[]): [object, string | undefined] {
  const [first, ...rest] = args;
  if (typeof first !== 'object' || first === null) return [{}, redactText(format(...args), secrets)];
  const fields = first instanceof Error ? { err: first } : first;
  if (rest.length > 0) return [fields, redactText(format(...rest), secrets)];
  const error: unknown = 'err' in fields ? fields.err : undefined;
  return [fields, error instanceof Error ? redactText(error.message, secrets) : undefined];
}
