export type TextPart = { kind: "text"; text: string } | { kind: "link"; text: string; href: string };

// Addresses begin with a scheme, with www., or are of the form name@host; only http, https and mailto are ever made links.
const candidate = /\b(?:https?:\/\/|www\.)[^\s<>"]+|\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+/giu;

/** Splits a message into plain text and links. */
export function linkify(text: string): TextPart[] {
  const parts: TextPart[] = [];
  let end = 0;
  for (const match of text.matchAll(candidate)) {
    const shown = withoutTail(match[0] ?? "");
    const href = address(shown);
    if (href === undefined) continue;
    const start = match.index ?? 0;
    if (start > end) parts.push({ kind: "text", text: text.slice(end, start) });
    parts.push({ kind: "link", text: shown, href });
    end = start + shown.length;
  }
  if (end < text.length) parts.push({ kind: "text", text: text.slice(end) });
  return parts;
}

/** Without the punctuation that ends the sentence around an address, and without a bracket that was opened before it. */
function withoutTail(text: string): string {
  let shown = text;
  for (;;) {
    const last = shown.slice(-1);
    const isUnopened =
      (last === ")" && count(shown, "(") < count(shown, ")")) || (last === "]" && count(shown, "[") < count(shown, "]"));
    if (!isUnopened && !/[.,;:!?'"»”’*_~]/u.test(last)) return shown;
    shown = shown.slice(0, -1);
  }
}

function count(text: string, character: string): number {
  return text.split(character).length - 1;
}

function address(shown: string): string | undefined {
  const isMail = !/^(?:https?:\/\/|www\.)/iu.test(shown);
  try {
    const url = new URL(isMail ? `mailto:${shown}` : /^www\./iu.test(shown) ? `https://${shown}` : shown);
    return ["http:", "https:", "mailto:"].includes(url.protocol) ? url.href : undefined;
  } catch {
    return undefined;
  }
}
