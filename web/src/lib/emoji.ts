import { storageKey } from "./basePath";
import { emojiData } from "./emojiData";
import { readStored, store } from "./storage";

export interface Emoji {
  readonly emoji: string;
  readonly name: string;
  readonly hasTones: boolean;
}

/** All of Unicode's emoji. The groups are in the order of `texts.emoji.groups`. */
export const emojiGroups: readonly (readonly Emoji[])[] = emojiData.map((group) =>
  group.split("|").map((entry) => {
    const blank = entry.indexOf(" ");
    const hasTones = entry.charAt(blank - 1) === "+";
    return { emoji: entry.slice(0, hasTones ? blank - 1 : blank), name: entry.slice(blank + 1), hasTones };
  }),
);

const all = emojiGroups.flat();

/** The skin tones, from none to the darkest. */
export const tones = ["", "\u{1F3FB}", "\u{1F3FC}", "\u{1F3FD}", "\u{1F3FE}", "\u{1F3FF}"] as const;

/** An emoji in a skin tone, which stands behind its first character. */
export function toned({ emoji, hasTones }: Emoji, tone: string): string {
  if (!hasTones || tone === "") return emoji;
  const first = String.fromCodePoint(emoji.codePointAt(0) ?? 0);
  return first + tone + emoji.slice(first.length).replace(/^\uFE0F/, "");
}

/** The emoji whose names have words that begin as those of `text` do; those whose name begins so come first. */
export function findEmoji(text: string, most = Infinity): Emoji[] {
  const wanted = text.toLowerCase().split(/[\s_]+/).filter((word) => word !== "");
  if (wanted.length === 0) return [];
  const found = all.filter(({ name }) => {
    const words = name.toLowerCase().split(/[\s,-]+/);
    return wanted.every((word) => words.some((other) => other.startsWith(word)));
  });
  const rank = ({ name }: Emoji) => {
    const lower = name.toLowerCase();
    return lower === wanted.join(" ") || lower.endsWith(`, ${wanted.join(" ")}`) ? 0 : lower.startsWith(wanted[0] ?? "") ? 1 : 2;
  };
  return found.sort((a, b) => rank(a) - rank(b)).slice(0, most);
}

const recentKey = storageKey("emoji");
const toneKey = storageKey("tone");
const mostRecent = 24;

export function recentEmoji(): Emoji[] {
  const used = (readStored(recentKey) ?? "").split(" ");
  return used.flatMap((emoji) => {
    const plain = all.find((other) => tones.some((tone) => toned(other, tone) === emoji));
    return plain === undefined ? [] : { ...plain, emoji, hasTones: false };
  });
}

export function noteEmoji(emoji: string): void {
  const others = (readStored(recentKey) ?? "").split(" ").filter((other) => other !== emoji && other !== "");
  store(recentKey, [emoji, ...others].slice(0, mostRecent).join(" "));
}

export function readTone(): string {
  const tone = readStored(toneKey) ?? "";
  return tones.find((other) => other === tone) ?? "";
}

export function keepTone(tone: string): void {
  store(toneKey, tone === "" ? null : tone);
}
