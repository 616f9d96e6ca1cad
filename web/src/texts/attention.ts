/** How much the user wants to be told of a conversation, and where it stands in their list. */
export const attention = {
  pin: "Pin",
  unpin: "Unpin",
  archive: "Archive",
  unarchive: "Take out of the archive",
  archived: "Archived. It stays there, whatever comes, and tells you of mentions only.",
  markUnread: "Mark as unread",
  markRead: "Mark as read",
  notifications: "Notifications",
  levels: { all: "All messages", mentions: "Mentions only", none: "Muted" },
  unmute: "Unmute",
  mute: { hour: "Mute for 1 hour", hours: "Mute for 8 hours", morning: "Mute until tomorrow" },
  muteAlways: "Mute always",
  mutedUntil: (time: string) => `Muted until ${time}`,
  refused: (problem: string) => `This was not changed. ${problem}`,
};
