const VARIABLE = /\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}|\$\{/g;

export class ExpandError extends Error {}

/**
 * `${NAME}` and `${NAME:-default}` (unset or empty); `$${` is a plain `${`. Values go in as they are: what an environment variable holds is
 * neither expanded again nor read as YAML.
 */
export function expandVariables(text: string, env: NodeJS.ProcessEnv): string {
  return text.replace(VARIABLE, (whole: string, name: string | undefined, fallback: string | undefined) => {
    if (whole === '$${') return '${';
    if (name === undefined) throw new ExpandError('${ has to be followed by a name and }; write $${ for a plain ${');
    const value = env[name];
    if (fallback !== undefined && (value === undefined || value === '')) return fallback;
    if (value === undefined) {
      throw new ExpandError(`the environment variable ${name} is not set; \${${name}:-default} gives a default`);
    }
    return value;
  });
}
