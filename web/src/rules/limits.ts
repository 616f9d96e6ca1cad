/** The lengths and counts that the server accepts: `Rules` in the server. A character is a Unicode code point there too. */
export const limits = {
  username: { least: 3, most: 32 },
  password: { least: 8, most: 256 },
  displayName: { least: 1, most: 64 },
  about: { least: 0, most: 500 },
  statusText: { least: 1, most: 100 },
  title: { least: 1, most: 80 },
  nameQuery: { least: 0, most: 100 },
  reason: { least: 1, most: 1000 },
  text: { least: 0, most: 8000 },
  alt: { least: 0, most: 1000 },
  attachments: { least: 0, most: 10 },
} as const;

export type Limit = { readonly least: number; readonly most: number };

/** The length of a text as the server counts it. */
export function characters(text: string): number {
  return Array.from(text).length;
}

/** Without what the server removes around a name. JavaScript's own `trim` differs from it in two characters. */
export function trimmed(text: string): string {
  return text.replace(/^\p{White_Space}+/u, "").replace(/\p{White_Space}*$/u, "");
}

/**
 * A message without empty lines before it and blanks after it. The server takes it as it is: blanks before its first
 * word are part of it, since it may be code.
 */
export function withoutBlankEdges(text: string): string {
  return text.trimEnd().replace(/^(?:[^\S\n]*\n)+/, "");
}

export function fits(length: number, { least, most }: Limit): boolean {
  return length >= least && length <= most;
}
