/** The emoji picker. */

export const emoji = {
  label: "Emoji",
  search: "Find emoji",
  none: "No such emoji",
  groups: ["Smileys", "People", "Hearts and signs", "Nature", "Food and drink", "Things and places"],
};
