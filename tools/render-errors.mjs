const EXITS = {
  1: 'failed',
  2: 'usage or configuration',
  3: 'preflight or status unhealthy',
  4: 'verify found a difference',
  75: 'temporary, try again',
};

const HEAD = `# Error codes

Every failure that walcast shows carries one of these codes. \`--json\` output and the log hold it as \`code\`; a command ends with the exit code of
its error. Nothing that failed was acknowledged: a restart goes on at the same place.

Generated from \`src/errors/codes.ts\` by \`npm run docs:errors\`; a test holds both together.

`;

/**
 * @param {Readonly<Record<string, {exit: number, retryable: boolean, cause: string, cure: string}>>} codes
 * @returns {string}
 */
export function renderErrors(codes) {
  const exits = Object.entries(EXITS).map(([code, meaning]) => `| ${code} | ${meaning} |`);
  const sections = Object.keys(codes)
    .sort()
    .map((code) => {
      const { exit, retryable, cause, cure } = codes[code];
      const retry = retryable ? 'yes, `run` does it by itself' : 'no';
      return `## ${code}\n\n**Cause.** ${cause}\n\n**Cure.** ${cure}\n\nExit code ${exit} · tried again: ${retry}\n`;
    });
  return `${HEAD}| exit code | meaning |\n|---|---|\n| 0 | ok |\n${exits.join('\n')}\n\n${sections.join('\n')}`;
}
