import type { ErrorCodeRow } from '../src/errors/codes.ts';

export declare function renderErrors(codes: Readonly<Record<string, ErrorCodeRow>>): string;
