/** A field's text, and what is selected in it. */
export interface Field {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** What is to be put in place of a part of the text, and what is selected then. */
export interface Replacement {
  readonly from: number;
  readonly to: number;
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

export type Mark = "bold" | "italic" | "strike" | "code" | "spoiler";

const signs: Record<Mark, string> = { bold: "**", italic: "*", strike: "~~", code: "`", spoiler: "||" };

/** Puts marks around what is selected, or takes them away. */
export function withMark({ text, start, end }: Field, mark: Mark): Replacement {
  const sign = signs[mark];
  const { length } = sign;
  const within = text.slice(start, end);
  const isOnly = (at: number) => mark !== "italic" || (text.charAt(at - 1) !== "*" && text.charAt(at + 1) !== "*");
  if (text.slice(start - length, start) === sign && text.startsWith(sign, end) && isOnly(start - 1) && isOnly(end)) {
    return { from: start - length, to: end + length, text: within, start: start - length, end: end - length };
  }
  // Marks hold no blanks at their ends.
  const lead = /^\s*/.exec(within)?.[0] ?? "";
  const tail = lead.length === within.length ? "" : /\s*$/.exec(within)?.[0] ?? "";
  const core = within.slice(lead.length, within.length - tail.length);
  const inner = start + lead.length + length;
  return { from: start, to: end, text: `${lead}${sign}${core}${sign}${tail}`, start: inner, end: inner + core.length };
}

/** Makes lines quotes or items of a list, or takes that away from them. */
export function withPrefix({ text, start, end }: Field, prefix: "> " | "- "): Replacement {
  const from = text.lastIndexOf("\n", start - 1) + 1;
  const next = text.indexOf("\n", Math.max(end - 1, start));
  const to = next < 0 ? text.length : next;
  const lines = text.slice(from, to).split("\n");
  const isSet = lines.every((line) => line.startsWith(prefix));
  const changed = lines.map((line) => (isSet ? line.slice(prefix.length) : prefix + line)).join("\n");
  const at = from + changed.length;
  return { from, to, text: changed, start: start === end ? at : from, end: at };
}

/** Makes whole lines a block of code. */
export function withFence({ text, start, end }: Field): Replacement {
  const within = text.slice(start, end);
  const before = start > 0 && text.charAt(start - 1) !== "\n" ? "\n" : "";
  const after = end < text.length && text.charAt(end) !== "\n" ? "\n" : "";
  const at = start + before.length + 4;
  return { from: start, to: end, text: `${before}\`\`\`\n${within}\n\`\`\`${after}`, start: at, end: at + within.length };
}

/** Makes what is selected the words of a link, whose address is selected then. */
export function withLink({ text, start, end }: Field): Replacement {
  const within = text.slice(start, end);
  const address = "https://";
  const at = start + within.length + 3;
  return { from: start, to: end, text: `[${within}](${address})`, start: at, end: at + address.length };
}

/** A name or an emoji that is being written before the caret. */
export interface Begun {
  readonly sign: "@" | ":";
  readonly text: string;
  /** Where the sign stands. */
  readonly from: number;
}

export function begunAt(text: string, caret: number): Begun | undefined {
  // There is no caret while something is selected.
  if (caret < 0) return undefined;
  const before = text.slice(Math.max(0, caret - 40), caret);
  const match = /(?:^|[\s(])([@:])([\p{L}\p{N}_.+-]*)$/u.exec(before);
  const [, sign, word = ""] = match ?? [];
  if (sign !== "@" && sign !== ":") return undefined;
  // ":)" and "at 10:30" are none.
  if (sign === ":" && (word.length < 2 || !/^[\p{L}+-]/u.test(word))) return undefined;
  return { sign, text: word, from: caret - word.length - 1 };
}

const folded = new WeakMap<object, readonly string[]>();
const fold = (text: string) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

interface Named {
  readonly username: string;
  readonly displayName: string;
}

/** The people one of whose names begins so; those whose user name does come first. */
export function completeNames<Person extends Named>(people: readonly Person[], text: string, most = 8): Person[] {
  const wanted = fold(text);
  const first: Person[] = [];
  const others: Person[] = [];
  for (const person of people) {
    let names = folded.get(person);
    if (names === undefined) folded.set(person, (names = [person.username, ...fold(person.displayName).split(/\s+/)]));
    if (names[0]?.startsWith(wanted) === true) first.push(person);
    else if (names.some((name) => name.startsWith(wanted))) others.push(person);
    if (first.length >= most) break;
  }
  return [...first, ...others].slice(0, most);
}
