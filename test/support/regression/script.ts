/** Commands of a server, not of a database: no event tells of them, and whoever keeps two servers repeats them on the second. */
const OF_THE_SERVER =
  /^(?:(?:create|alter|drop)\s+(?:role|user|group|tablespace)\b(?!\s+mapping)|reassign\s+owned\b|(?:grant|revoke)\s(?:(?!.*\bon\b)|.*\bon\s+database\b))/i;

/** The REASSIGN OWNED that a piece ends with: objects of the database, but no event tells of it either. */
export function reassignment(piece: string): string | null {
  return /^reassign\s+owned\b[^;]*;/im.exec(piece.slice(piece.trimEnd().lastIndexOf('\n') + 1))?.[0] ?? null;
}

/** A script for psql in pieces; after each but the last stands a command of the server. */
export function serverCommandPieces(script: string): string[] {
  const pieces: string[] = [];
  let piece = '';
  let conditions = 0;
  let within = false;
  let copied = false;
  for (const line of script.split(/(?<=\n)/)) {
    piece += line;
    if (copied) {
      copied = !/^\\\.\s*$/.test(line);
      continue;
    }
    if (/^copy\b.*\bfrom\s+stdin\b.*;\s*$/i.test(line)) copied = true;
    if (/^\\if\b/.test(line)) conditions++;
    if (/^\\endif\b/.test(line)) conditions--;
    within ||= OF_THE_SERVER.test(line);
    // what psql passes over would never answer
    if (!within || !/;\s*(?:--.*)?\s*$/.test(line)) continue;
    within = false;
    if (conditions > 0) continue;
    pieces.push(piece);
    piece = '';
  }
  return [...pieces, piece];
}

/** A `\.` after each COPY FROM STDIN that the script gives no data, as it is to be refused. */
export function withCopyEnds(script: string): string {
  const lines = script.split(/(?<=\n)/);
  return lines
    .map((line, at) => {
      if (!/^copy\b.*\bfrom\s+stdin\b.*;/i.test(line)) return line;
      const end = lines.findIndex((other, i) => i > at && /^\\\.\s*$/.test(other));
      const statement = lines.findIndex((other, i) => i > at && /;\s*(?:--.*)?\s*$/.test(other));
      return end >= 0 && (statement < 0 || end < statement) ? line : `${line}\\.\n`;
    })
    .join('');
}
