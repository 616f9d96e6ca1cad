export type TextPart = { kind: "text"; text: string } | { kind: "link"; text: string; href: string };

// An address begins with http(s):// or www., or is name@host. Only http, https and mailto become links.
// The name part of a mail address is matched even without an @ after it, so that it is scanned only once.
const candidate = /\b(?:https?:\/\/|www\.)[^\s<>"]+|(?:(?!\b(?:https?:\/\/|www\.))[\w.+-])+(@[\w-]+(?:\.[\w-]+)+)?/giu;
const web = /^(?:https?:\/\/|www\.)/iu;
// A host has at most 253 characters (RFC 1035, section 2.3.4). Browsers can take very long to parse a longer one.
const longestHost = 253;

/**
 * Splits a message into plain text and links, in linear time: the sender of a message must not be able to freeze the
 * pages of its readers.
 */
export function linkify(text: string): TextPart[] {
  const parts: TextPart[] = [];
  let end = 0;
  for (const { 0: found = "", 1: host, index = 0 } of text.matchAll(candidate)) {
    if (host === undefined && !web.test(found)) continue;
    const begin = found.search(/\w/u);
    const shown = withoutTail(found.slice(begin));
    const href = address(shown);
    if (href === undefined) continue;
    const start = index + begin;
    if (start > end) parts.push({ kind: "text", text: text.slice(end, start) });
    parts.push({ kind: "link", text: shown, href });
    end = start + shown.length;
  }
  if (end < text.length) parts.push({ kind: "text", text: text.slice(end) });
  return parts;
}

/** Removes the punctuation after an address, and a closing bracket that was opened before it. */
function withoutTail(text: string): string {
  let round = count(text, ")") - count(text, "(");
  let square = count(text, "]") - count(text, "[");
  let end = text.length;
  for (; end > 0; end -= 1) {
    const last = text.charAt(end - 1);
    if (last === ")" && round > 0) round -= 1;
    else if (last === "]" && square > 0) square -= 1;
    else if (!/[.,;:!?'"»”’*_~]/u.test(last)) break;
  }
  return text.slice(0, end);
}

function count(text: string, character: string): number {
  return text.split(character).length - 1;
}

function address(shown: string): string | undefined {
  const url = !web.test(shown) ? `mailto:${shown}` : /^w/iu.test(shown) ? `https://${shown}` : shown;
  if (url.search(/[^:/][/?#]|.$/u) > longestHost) return undefined;
  try {
    const { protocol, href } = new URL(url);
    return ["http:", "https:", "mailto:"].includes(protocol) ? href : undefined;
  } catch {
    return undefined;
  }
}
