export type TextPart = { kind: "text"; text: string } | { kind: "link"; text: string; href: string };

/** Where an address may begin, or, at an @, continue. Only http, https and mailto become links. */
const anchor = /[hH][tT][tT][pP][sS]?:\/\/|[wW]{3}\.|@/g;

// What stands directly beside an address decides where it ends, in every script.
const letter = String.raw`\p{L}\p{M}\p{N}`;
/** Scripts that put no blank between an address and the words around it. */
const unspaced = String.raw`\p{sc=Han}\p{sc=Hira}\p{sc=Kana}\p{sc=Hang}\p{sc=Thai}\p{sc=Laoo}\p{sc=Khmr}\p{sc=Mymr}`;

const label = String.raw`[${letter}\p{So}_](?:[${letter}\p{So}_\u200C\u200D-]*[${letter}\p{So}_])?`;
const host = new RegExp(String.raw`(?:${label}\.)*${label}`, "uy");
const bracketed = /\[[\da-fA-F:.]{2,45}\]/y;
const port = /:\d{1,5}(?!\d)/y;
const userInfo = /[\w.~!$&'*+,;=:%-]{1,128}@/y;

/** The last label of a host, where words of a script without blanks follow it. No such label mixes scripts. */
const gluedHost = new RegExp(String.raw`^[\x21-\x7E]+(?=[${unspaced}][^.]*$)`, "u");
const gluedName = new RegExp(String.raw`^[${unspaced}]+(?=\p{L})(?![${unspaced}])`, "u");
const startsGlued = new RegExp(`^[${unspaced}]`, "u");

// "mail=me@…" and "o'brien@…" belong together: half of an address would be somebody else's.
const nameEnd = new RegExp(String.raw`[${letter}_](?:[${letter}.+_'&%=!#$^?~-]*[${letter}+_-])?$`, "u");

/** Characters of a path. A quotation mark, a bracket that was not opened, and punctuation of other scripts end it. */
const pathCharacter = new RegExp(
  String.raw`[\x21\x23-\x3B\x3D\x3F-\x5B\x5D-\x5F\x61-\x7E${letter}\p{So}\u{1F3FB}-\u{1F3FF}·‧‐‑‒–・་־׳״\u200C\u200D]`,
  "u",
);
const openers = "([{";
const closers = ")]}";
const tail = /[.,;:!?'*_~|([{·‧‐‑‒–・་־׳״\u200C\u200D]/u;
/** What stands between two addresses that follow each other; after other characters, one address contains the other. */
const separator = new RegExp(String.raw`[${letter}_,;|')\]}(\[{]`, "u");

// A host has at most 253 characters (RFC 1035, section 2.3.4), the name before an @ 64 (RFC 5321, section 4.5.3.1.1).
// Browsers can take very long to parse a longer one.
const longestHost = 253;
const longestName = 64;

interface Link {
  start: number;
  end: number;
  href: string;
}

/**
 * Splits a message into plain text and links, in linear time: the sender of a message must not be able to freeze the
 * pages of its readers.
 */
export function linkify(text: string): TextPart[] {
  const parts: TextPart[] = [];
  let end = 0;
  let next = 0;
  /** How often a path may be read again from an opening bracket that nothing closes. */
  const budget = { left: 2 * text.length };
  for (;;) {
    anchor.lastIndex = next;
    const found = anchor.exec(text);
    if (found === null) break;
    const { 0: sign = "", index } = found;
    next = index + sign.length;
    const link = sign === "@" ? mail(text, index, end) : web(text, index, sign, end, budget);
    if (link === undefined) continue;
    next = Math.max(next, link.end);
    if (link.href === "") continue;
    if (link.start > end) parts.push({ kind: "text", text: text.slice(end, link.start) });
    parts.push({ kind: "link", text: text.slice(link.start, link.end), href: link.href });
    end = link.end;
  }
  if (end < text.length) parts.push({ kind: "text", text: text.slice(end) });
  return parts;
}

/** The address whose @ is at `at`, behind what is a link already. */
function mail(text: string, at: number, after: number): Link | undefined {
  const before = text.slice(Math.max(after, at - 2 * longestName - 1), at);
  const run = nameEnd.exec(before)?.[0];
  if (run === undefined) return undefined;
  const name = run.slice(gluedName.exec(run)?.[0]?.length ?? 0);
  if (name.length > longestName) return undefined;
  const shownHost = hostAt(text, at + 1);
  // A version, such as react@18.2, is no address.
  if (shownHost === undefined || !/\.[^.]*[^\d.][^.]*$/u.test(shownHost)) return undefined;
  const href = safeAddress(`mailto:${name}@${shownHost}`);
  // A browser takes any text behind mailto: the host has to be one that it would open.
  if (href === undefined || safeAddress(`https://${shownHost}`) === undefined) return undefined;
  return { start: at - name.length, end: at + 1 + shownHost.length, href };
}

/** The address that begins at `start`. One without `href` is none, but is not to be searched for others. */
function web(text: string, start: number, scheme: string, after: number, budget: { left: number }): Link | undefined {
  if (start > after && /[A-Za-z\d]/.test(text.charAt(start - 1))) return undefined;
  const isBare = scheme.length === 4;
  let position = start + (isBare ? 0 : scheme.length);
  // "https://bank.example@evil.example" leads to the latter.
  const user = isBare ? undefined : match(userInfo, text, position);
  position += user?.length ?? 0;
  const name = match(bracketed, text, position) ?? hostAt(text, position);
  if (name === undefined) return undefined;
  position += name.length;
  const isGlued = startsGlued.test(text.slice(position, position + 2));
  if (/^\.[/:?#]/.test(text.slice(position, position + 2))) position += 1;
  position += match(port, text, position)?.length ?? 0;
  const isTrick = (user !== undefined && /[.%]/.test(user)) || /^(?:[%@]|:\d)/.test(text.slice(position, position + 2));
  const origin = (isBare ? "https://" : "") + text.slice(start, position);
  if (isTrick || safeAddress(origin) === undefined) return { start, end: position, href: "" };
  if (!isGlued && /[/?#]/.test(text.charAt(position))) position = pathEnd(text, position, budget);
  return { start, end: position, href: safeAddress((isBare ? "https://" : "") + text.slice(start, position)) ?? "" };
}

/** The host at a position, without what stands behind it. */
function hostAt(text: string, position: number): string | undefined {
  let found = match(host, text.slice(position, position + longestHost + 2), 0);
  // Two addresses without a blank between them.
  if (found !== undefined && text.startsWith("://", position + found.length)) found = found.replace(/https?$/i, "");
  if (found === undefined || found.length > longestHost) return undefined;
  const last = found.slice(found.lastIndexOf(".") + 1);
  const glued = gluedHost.exec(last)?.[0];
  const shown = glued === undefined ? found : found.slice(0, found.length - last.length + glued.length);
  return shown.replace(/[_\p{So}\uFE0F\u200D]+$/u, "") || undefined;
}

/** Where the path ends that begins at `start`. */
function pathEnd(text: string, start: number, budget: { left: number }): number {
  const open: { closer: string; at: number }[] = [];
  let end = start;
  for (;;) {
    const character = String.fromCodePoint(text.codePointAt(end) ?? 0x20);
    if (!pathCharacter.test(character)) break;
    if ((character === "h" || character === "H") && end > start && isSecond(text, end)) break;
    const opener = openers.indexOf(character);
    if (opener >= 0) open.push({ closer: closers.charAt(opener), at: end });
    else if (closers.includes(character)) {
      if (open[open.length - 1]?.closer !== character) break;
      open.pop();
    }
    end += character.length;
  }
  const first = open[0];
  if (first !== undefined && budget.left > 0) {
    budget.left -= end - first.at;
    end = first.at;
  }
  while (end > start && tail.test(text.charAt(end - 1))) end -= 1;
  return end;
}

/** Whether another address begins here, rather than being part of the one before it. */
function isSecond(text: string, position: number): boolean {
  if (!/^https?:\/\//i.test(text.slice(position, position + 8))) return false;
  return separator.test(text.charAt(position - 1)) && !/%[\da-f]{2}$/i.test(text.slice(position - 3, position));
}

function match(pattern: RegExp, text: string, position: number): string | undefined {
  pattern.lastIndex = position;
  return pattern.exec(text)?.[0];
}

/** An address as a browser reads it, if it is one that a message may link to. */
export function safeAddress(url: string): string | undefined {
  try {
    const { protocol, href } = new URL(url);
    return ["http:", "https:", "mailto:"].includes(protocol) ? href : undefined;
  } catch {
    return undefined;
  }
}
