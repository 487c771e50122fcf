export interface Tally {
  passed: number;
  failed: number;
  skipped: number;
}
export interface JsonReport {
  testResults?: { status?: string; assertionResults?: { status?: string }[] }[];
}
export declare function tally(report: JsonReport): Tally;
export declare function closingLine(tallies: readonly Tally[]): string;
