import type { ErrorCodeRow } from '../src/errors/error-code-row.ts';

export declare function renderErrors(codes: Readonly<Record<string, ErrorCodeRow>>): string;
