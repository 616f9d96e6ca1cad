/** What helps to write. */

export const tools = {
  show: "Formatting",
  label: "Formatting",
  bold: "Bold (Ctrl+B)",
  italic: "Italic (Ctrl+I)",
  strike: "Strike through",
  code: "Code (Ctrl+E)",
  fence: "Block of code",
  quote: "Quote",
  list: "List",
  spoiler: "Hidden words",
  link: "Link",
  people: "People",
  all: "everybody in the group",
  emoji: "Emoji",
};
