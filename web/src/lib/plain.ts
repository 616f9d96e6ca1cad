/** What stands for words that are not to be seen yet. */
const hidden = "▒▒▒";

/** A message without its marks, for a single line. It need not read every mark as the message does. */
export function plainText(text: string): string {
  return text
    .replace(/\|\|(?=\S)[^|]*?\S?\|\|/g, hidden)
    .replace(/^ {0,3}(?:```+|~~~+)[^\n`]*$\n?/gm, "")
    .replace(/^ {0,3}> ?/gm, "")
    .replace(/(\*\*|__|~~)(?=\S)([^\n]*?\S)\1/g, "$2")
    .replace(/(^|[^\p{L}\p{N}*_\\])([*_])(?=[^\s*_])([^*_\n]*?[^\s*_\\])\2(?![\p{L}\p{N}*_])/gu, "$1$3")
    .replace(/(^|[^`])`([^`\n]+)`(?!`)/g, "$1$2")
    .replace(/\[([^[\]\n]+)\]\((?:https?:\/\/|mailto:)[^\s()]+\)/g, "$1")
    .replace(/\\([*_~`|\\[\]>])/g, "$1")
    .trim();
}
