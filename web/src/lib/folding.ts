/**
 * What a search has found in a text, so that it can be marked. The database decides what is found (migration 0025); this
 * follows its rules: compatibility forms, case and accents make no difference, a word is a run of letters, marks and
 * digits, each symbol is a word, and scripts without blanks are found from any character on.
 */

/** A part of a text, in UTF-16 units. */
export interface Range {
  start: number;
  end: number;
}

type Kind = "word" | "symbol" | "unspaced";

interface Token {
  kind: Kind;
  text: string;
  /** Where each unit of `text` comes from. */
  from: Range[];
}

const dropped =
  /[\u00ad\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u061c\u0640\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u180b-\u180f\u1ab0-\u1aff\u1dc0-\u1dff\u200b-\u200f\u202a-\u202e\u2060-\u206f\u20d0-\u20ff\ufe00-\ufe0f\ufe20-\ufe2f\ufeff\u{1f3fb}-\u{1f3ff}\u{e0100}-\u{e01ef}]/gu;
const spelled: Record<string, string> = {
  ß: "ss", æ: "ae", œ: "oe", þ: "th", ø: "o", đ: "d", ð: "d", ħ: "h", ı: "i", ł: "l", ŋ: "n", ŧ: "t", ς: "σ",
  // Arabic letters that Persian writes otherwise, and signs of arithmetic that look like others.
  "\u0649": "\u064a", "\u06cc": "\u064a", "\u06a9": "\u0643", "\u2044": " ", "\u2212": " ", "\u2215": " ", "\u2236": " ",
};
const respelled = new RegExp(`[${Object.keys(spelled).join("")}]`, "gu");
const unspaced =
  /[\u0e01-\u0e3a\u0e40-\u0e4e\u0e81-\u0ece\u0edc-\u0edf\u0f40-\u0f84\u0f88-\u0fbc\u1000-\u103f\u1050-\u108f\u109a-\u109f\u1100-\u11ff\u1780-\u17d3\u17d7\u17dc\u17dd\u1950-\u19c9\u1a20-\u1a7c\u1b00-\u1b4b\u2e80-\u2fdf\u3005-\u3007\u3021-\u302f\u3031-\u3035\u3038-\u303c\u3041-\u309f\u30a1-\u30fa\u30fc-\u4dbf\u4e00-\ua4cf\ua960-\ua97c\ua980-\ua9c0\ua9cf-\ua9df\ua9e0-\ua9ff\uaa60-\uaadd\uac00-\ud7fb\uf900-\ufaff\u{16fe0}-\u{1b2ff}\u{20000}-\u{3ffff}]/u;

/** One spelling for what looks alike. */
function fold(text: string): string {
  return text
    .replace(/[™℠]/gu, " ")
    .normalize("NFKD")
    .toLowerCase()
    .replace(dropped, "")
    .normalize("NFC")
    .replace(respelled, (letter) => spelled[letter] ?? letter);
}

function kindOf(letter: string): Kind | undefined {
  if (unspaced.test(letter)) return "unspaced";
  if (/[\p{L}\p{M}\p{N}]/u.test(letter)) return "word";
  return /[#\p{S}\p{Co}]/u.test(letter) && !/[`|\p{Sk}]/u.test(letter.replace("^", "#")) ? "symbol" : undefined;
}

/** The words of a text in their order. */
function cut(text: string): Token[] {
  const tokens: Token[] = [];
  let open: Token | undefined;
  // Halfwidth kana have their marks behind them, too.
  for (const { 0: cluster = "", index = 0 } of text.matchAll(/[^\p{M}\uff9e\uff9f]?[\p{M}\uff9e\uff9f]+|./gsu)) {
    const from = { start: index, end: index + cluster.length };
    // What leaves nothing (a joiner) ends no word.
    for (const letter of fold(cluster)) {
      const kind = kindOf(letter);
      const isFlag = kind === "symbol" && /^(?:\p{RI}){2}$/u.test((open?.text ?? "") + letter);
      if (kind === undefined) open = undefined;
      else if (open === undefined || open.kind !== kind || (kind === "symbol" && !isFlag)) tokens.push((open = { kind, text: "", from: [] }));
      if (open === undefined) continue;
      open.text += letter;
      for (let unit = 0; unit < letter.length; unit++) open.from.push(from);
    }
  }
  return tokens;
}

interface Term {
  tokens: Token[];
  isPrefix: boolean;
}

/** The terms that a text must contain: not those with a minus, nor the `or` between alternatives. */
function termsOf(query: string): Term[] {
  const terms: Term[] = [];
  const pattern = /(-(?=[^\s\->=]))?(?:["“”„＂]([^"“”„＂]*)(["“”„＂]|$)|(\S+))/gu;
  for (const [whole = "", minus, phrase, closing, word] of query.matchAll(pattern)) {
    if (minus !== undefined) continue;
    if (word?.toLowerCase() === "or" && terms.length > 0 && !query.trimEnd().endsWith(whole)) continue;
    const tokens = cut(phrase ?? word ?? "");
    if (tokens.length > 0) terms.push({ tokens, isPrefix: phrase === undefined || closing === "" });
  }
  // Only the last word may be the beginning of one.
  return terms.map((term, index) => ({ ...term, isPrefix: term.isPrefix && index === terms.length - 1 }));
}

/** Where `wanted` is in `found`; undefined if it is not. */
function place(wanted: Token, found: Token, isFirst: boolean, isLast: boolean, isPrefix: boolean): [number, number] | undefined {
  if (wanted.kind !== found.kind) return undefined;
  const { length } = wanted.text;
  if (wanted.kind === "unspaced") {
    const at = isFirst && isLast ? found.text.indexOf(wanted.text) : isFirst ? found.text.length - length : 0;
    return at >= 0 && found.text.startsWith(wanted.text, at) && (isFirst || isLast || found.text === wanted.text) ? [at, at + length] : undefined;
  }
  return (isLast && isPrefix ? found.text.startsWith(wanted.text) : found.text === wanted.text) ? [0, length] : undefined;
}

/** The parts of `text` for which a search for `query` finds it, in their order, none inside another. */
export function matches(text: string, query: string): Range[] {
  const tokens = cut(text);
  const found: Range[] = [];
  for (const { tokens: wanted, isPrefix } of termsOf(query)) {
    tokens.forEach((first, at) => {
      const places = wanted.map((token, index) => {
        const there = tokens[at + index];
        return there && place(token, there, index === 0, index === wanted.length - 1, isPrefix);
      });
      const start = places[0];
      const end = places[places.length - 1];
      const last = tokens[at + wanted.length - 1];
      if (start === undefined || end === undefined || last === undefined || places.includes(undefined)) return;
      found.push({ start: first.from[start[0]]?.start ?? 0, end: last.from[end[1] - 1]?.end ?? 0 });
      // A run is searched for more of the same.
      if (first.kind === "unspaced" && wanted.length === 1) {
        const same = wanted[0]?.text ?? "";
        for (let next = first.text.indexOf(same, start[1]); next >= 0; next = first.text.indexOf(same, next + same.length)) {
          found.push({ start: first.from[next]?.start ?? 0, end: first.from[next + same.length - 1]?.end ?? 0 });
        }
      }
    });
  }
  found.sort((a, b) => a.start - b.start || b.end - a.end);
  const kept: Range[] = [];
  for (const range of found) if (range.start >= (kept[kept.length - 1]?.end ?? 0)) kept.push(range);
  return kept;
}

/** Whether each part of `query` between blanks begins a word of `name`, as the server finds people and groups. */
export function isNamed(name: string, query: string): boolean {
  const tokens = cut(name);
  const wanted = query
    .replace(/^[\s@#]+/u, "")
    .split(/\s+/u)
    .flatMap((part) => cut(part).map((token, index, all) => ({ token, isPrefix: index === all.length - 1 })));
  return wanted.every(({ token, isPrefix }) =>
    tokens.some((found) =>
      found.kind === token.kind &&
      (token.kind === "unspaced" ? found.text.includes(token.text) : isPrefix ? found.text.startsWith(token.text) : found.text === token.text),
    ),
  );
}
