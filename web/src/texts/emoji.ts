/** The emoji picker. */

export const emoji = {
  label: "Emoji",
  search: "Find emoji",
  none: "No such emoji",
  recent: "Used lately",
  tone: "Skin tone",
  tones: ["No skin tone", "Light", "Medium light", "Medium", "Medium dark", "Dark"],
  groups: ["Smileys", "People", "Nature", "Food and drink", "Places", "Activities", "Things", "Signs", "Flags"],
};
