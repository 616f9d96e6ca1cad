import { inline, Inline } from "./inlines";

/** A part of a message, as it is written in the subset of Markdown that messages know. */
export type Block =
  | { readonly kind: "paragraph"; readonly content: readonly Inline[] }
  | { readonly kind: "code"; readonly language: string; readonly text: string }
  | { readonly kind: "quote"; readonly blocks: readonly Block[] }
  | { readonly kind: "list"; readonly start: number | undefined; readonly items: readonly (readonly Block[])[] };

/** Quotes and lists within each other beyond this depth are text. */
const deepest = 6;

/** The whole run of signs, so that a line that is none is left after one look at it. */
const fence = /^ {0,3}(`{3,}(?!`)|~{3,}(?!~))([^`]*)$/;
const quoted = /^ {0,3}> ?/;
const item = /^( {0,3})([-*+]|\d{1,9}[.)])( +)(?=\S)/;

/** Whether a text may hold any markup; most have none. */
export function isMarked(text: string): boolean {
  return /[*_~`|\\[]|^ {0,3}(?:>|[-+] |\d{1,9}[.)] )/m.test(text);
}

/**
 * The blocks of a message, in linear time. What is no markup stays as it was written: a line break is one, and blanks at the
 * beginning of a line are kept.
 */
export function parseMarkdown(text: string, depth = 0): Block[] {
  const lines = text.split("\n");
  const blocks: Block[] = [];
  let plain: string[] = [];
  const flush = () => {
    // An empty line between two blocks is their distance.
    while (plain[plain.length - 1]?.trim() === "") plain.pop();
    while ((blocks.length > 0 || depth > 0) && plain[0]?.trim() === "") plain.shift();
    if (plain.length > 0) blocks.push({ kind: "paragraph", content: inline(plain.join("\n")) });
    plain = [];
  };
  for (let at = 0; at < lines.length; ) {
    const line = lines[at] ?? "";
    const opening = fence.exec(line);
    if (opening !== null) {
      flush();
      at = codeAt(lines, at, opening, blocks);
    } else if (depth < deepest && quoted.test(line)) {
      flush();
      const first = at;
      while (at < lines.length && quoted.test(lines[at] ?? "")) at += 1;
      const within = lines.slice(first, at).map((quote) => quote.replace(quoted, ""));
      blocks.push({ kind: "quote", blocks: parseMarkdown(within.join("\n"), depth + 1) });
    } else if (depth < deepest && startsList(line, plain)) {
      flush();
      at = listAt(lines, at, depth, blocks);
    } else {
      plain.push(line);
      at += 1;
    }
  }
  flush();
  return blocks;
}

/** A number other than 1 does not begin a list within a paragraph: it may be the end of a sentence. */
function startsList(line: string, before: readonly string[]): boolean {
  const marker = item.exec(line)?.[2];
  if (marker === undefined) return false;
  const isWithin = before.length > 0 && before[before.length - 1]?.trim() !== "";
  return !isWithin || !/^\d/.test(marker) || /^1[.)]$/.test(marker);
}

function codeAt(lines: readonly string[], first: number, [opening = "", mark = "", info = ""]: RegExpExecArray, blocks: Block[]): number {
  const indent = opening.search(/\S/);
  const text: string[] = [];
  let at = first + 1;
  for (; at < lines.length; at += 1) {
    const line = lines[at] ?? "";
    const closing = /^ {0,3}(`{3,}|~{3,})\s*$/.exec(line)?.[1];
    if (closing?.startsWith(mark) === true) break;
    text.push(line.replace(new RegExp(`^ {0,${indent}}`), ""));
  }
  blocks.push({ kind: "code", language: info.trim().split(/\s/)[0]?.toLowerCase() ?? "", text: text.join("\n") });
  return at + 1;
}

/** A list goes on as long as its lines are items of its kind, or are indented as far as an item's text. */
function listAt(lines: readonly string[], first: number, depth: number, blocks: Block[]): number {
  const kindOf = (marker: string) => (/\d/.test(marker) ? marker.slice(-1) : marker);
  const marker = item.exec(lines[first] ?? "")?.[2] ?? "-";
  const items: Block[][] = [];
  let at = first;
  while (at < lines.length) {
    const match = item.exec(lines[at] ?? "");
    if (match === null || kindOf(match[2] ?? "") !== kindOf(marker)) break;
    const width = match[0]?.length ?? 0;
    const within = [(lines[at] ?? "").slice(width)];
    at += 1;
    for (; at < lines.length; at += 1) {
      const line = lines[at] ?? "";
      const indent = line.search(/\S/);
      if (indent >= 2 && indent >= Math.min(width, 2) + (match[1]?.length ?? 0)) within.push(line.slice(Math.min(indent, width)));
      else if (indent < 0 && /^ {2,}\S/.test(lines[at + 1] ?? "")) within.push("");
      else break;
    }
    items.push(parseMarkdown(within.join("\n"), depth + 1));
    // Empty lines between items make no second list.
    let next = at;
    while (next < lines.length && lines[next]?.trim() === "") next += 1;
    const following = item.exec(lines[next] ?? "")?.[2];
    if (next > at && following !== undefined && kindOf(following) === kindOf(marker)) at = next;
  }
  const start = /^\d+/.exec(marker)?.[0];
  blocks.push({ kind: "list", start: start === undefined ? undefined : Number(start), items });
  return at;
}
