import { graphemes } from "./graphemes";

const units = ["kB", "MB", "GB", "TB"];

/** A number of bytes for people: `12 B`, `3.4 MB`. */
export function byteSize(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  let value = bytes;
  let unit = -1;
  do {
    value /= 1000;
    unit += 1;
  } while (value >= 999.5 && unit < units.length - 1);
  return `${value < 9.95 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

/** One or two letters for a person or group without a picture. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/u).filter((word) => word !== "");
  const letters = [words[0], words.length > 1 ? words[words.length - 1] : undefined];
  return letters.map((word) => firstCharacter(word ?? "")).join("").toUpperCase() || "?";
}

/** The first character as people see it: a composed emoji is one character. */
function firstCharacter(text: string): string {
  return graphemes(text.slice(0, 64))[0] ?? "";
}

/** A number from 0 to `count` - 1, always the same for an id. */
export function stableIndex(id: string, count: number): number {
  let hash = 0;
  for (let index = 0; index < id.length; index += 1) hash = (Math.imul(hash, 31) + id.charCodeAt(index)) >>> 0;
  return hash % count;
}

/** Whether a text is only emoji, up to three of them. Such texts are shown large. */
export function isEmojiOnly(text: string): boolean {
  if (text.length > 40 || !/^[\p{Extended_Pictographic}\p{Emoji_Component}\s]+$/u.test(text)) return false;
  if (!/\p{Extended_Pictographic}|\p{Regional_Indicator}/u.test(text)) return false;
  return graphemes(text.replace(/\s/g, "")).length <= 3;
}
