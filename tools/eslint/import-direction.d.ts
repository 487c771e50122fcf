import type { Rule } from 'eslint';

export declare const LAYERS: readonly (readonly string[])[];
export declare function violation(from: string, to: string, root: string): string | undefined;
export declare const importDirection: Rule.RuleModule;
