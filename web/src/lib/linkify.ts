export type TextPart = { kind: "text"; text: string } | { kind: "link"; text: string; href: string };

// Addresses begin with a scheme, with www., or are of the form name@host; only http, https and mailto are ever made links.
// What may be the name in a mail address is matched whether an @ follows or not, so that it is not looked at again.
const candidate = /\b(?:https?:\/\/|www\.)[^\s<>"]+|(?:(?!\b(?:https?:\/\/|www\.))[\w.+-])+(@[\w-]+(?:\.[\w-]+)+)?/giu;
const web = /^(?:https?:\/\/|www\.)/iu;
// A host has at most 253 characters (RFC 1035 § 2.3.4); what a page does with a longer one may take far longer.
const longestHost = 253;

/**
 * Splits a message into plain text and links, in time that is linear in its length: whoever writes a message must not be
 * able to freeze those who read it.
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

/** Without the punctuation that ends the sentence around an address, and without a bracket that was opened before it. */
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
