export const EXIT = { ok: 0, failed: 1, usage: 2, unhealthy: 3, difference: 4, temporary: 75 } as const;

export const EXIT_CODES_HELP = `
Exit codes: 0 ok · 1 failed · 2 usage or configuration · 3 preflight or status unhealthy · 75 temporary, try again`;
