import { Inline } from "./inlines";
import { Block, isMarked, parseMarkdown } from "./markdown";

/** What stands for words that are not to be seen yet. */
const hidden = "▒▒▒";

/** A message without its marks, for a single line. What the message hides, this hides too. */
export function plainText(text: string): string {
  return (isMarked(text) ? wordsOf(parseMarkdown(text)) : text).trim();
}

function wordsOf(blocks: readonly Block[]): string {
  return blocks.map((block) => {
    switch (block.kind) {
      case "paragraph":
        return within(block.content);
      case "code":
        return block.text;
      case "quote":
        return wordsOf(block.blocks);
      case "list":
        return block.items.map((item, index) => `${block.start === undefined ? "-" : `${block.start + index}.`} ${wordsOf(item)}`).join("\n");
    }
  }).join("\n");
}

function within(content: readonly Inline[]): string {
  return content.map((part) => (part.kind === "spoiler" ? hidden : "content" in part ? within(part.content) : part.text)).join("");
}
