/** Characters as people see them: a letter with its accents is one, and so is a composed emoji. */
const segmenter = "Segmenter" in Intl ? new Intl.Segmenter() : undefined;

/** What belongs to the character before it, where the browser cannot tell characters apart. */
const extension = /^[\p{M}\u200D\u{1F3FB}-\u{1F3FF}\uDC00-\uDFFF]/u;

export function graphemes(text: string): string[] {
  return segmenter === undefined ? Array.from(text) : Array.from(segmenter.segment(text), ({ segment }) => segment);
}

/** The start of the character that stands at `index`, or `index` where one begins there. */
export function characterStart(text: string, index: number): number {
  if (index <= 0 || index >= text.length) return Math.max(0, Math.min(index, text.length));
  if (segmenter !== undefined) {
    // A character is short. Looking at a part of the text keeps this cheap in a long one.
    const from = Math.max(0, index - 64);
    return from + (segmenter.segment(text.slice(from, index + 64)).containing(index - from)?.index ?? index - from);
  }
  let start = index;
  while (start > 0 && (extension.test(text.slice(start)) || text.charAt(start - 1) === "\u200D")) start -= 1;
  return start;
}
