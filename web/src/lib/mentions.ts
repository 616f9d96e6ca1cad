/** A part of a text: words, or a name behind an @ and who it is. */
export type Part<Who> = string | { readonly text: string; readonly who: Who };

/** A name behind an @ as the server reads it: letters beyond ASCII are of words, too. */
const names = /(^|[^\w\u0080-\uffff])@([\w.-]+)(?![\w\u0080-\uffff])/g;

/** Finds the names of a text that `find` knows, in lower case. What ends a sentence may also end a name. */
export function splitMentions<Who>(text: string, find: (name: string) => Who | undefined): Part<Who>[] {
  const parts: Part<Who>[] = [];
  let end = 0;
  for (const match of text.matchAll(names)) {
    const [, before = "", whole = ""] = match;
    const trimmed = whole.replace(/[.-]+$/, "");
    const name = [whole, trimmed].find((name) => find(name.toLowerCase()) !== undefined);
    const who = name === undefined ? undefined : find(name.toLowerCase());
    if (name === undefined || who === undefined) continue;
    const start = (match.index ?? 0) + before.length;
    if (start > end) parts.push(text.slice(end, start));
    end = start + 1 + name.length;
    parts.push({ text: text.slice(start, end), who });
  }
  if (end < text.length) parts.push(text.slice(end));
  return parts;
}
