/** What was shared in a conversation, and the viewer. */
export const shared = {
  title: "Media, files and links",
  kinds: { media: "Media", files: "Files", links: "Links" },
  empty: {
    media: ["No media yet", "Pictures, films and sounds that are sent here come together in this place."],
    files: ["No files yet", "Files that are sent here come together in this place."],
    links: ["No links yet", "Links in messages come together in this place."],
  } as const,
  failed: "This could not be loaded.",
  openItem: (name: string, sender: string, time: string) => `Open ${name}. ${sender}, ${time}`,
  showInChat: "Show in chat",
  show: (name: string) => `Show ${name} in chat`,
  description: "Description:",
};
