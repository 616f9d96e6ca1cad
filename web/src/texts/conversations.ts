/** The list of conversations, and what stands around the messages of one. */

export const sidebar = {
  label: "Conversations",
  newChat: "New conversation",
  discover: "Discover groups",
  profile: "Your profile",
  search: "Search",
  clearSearch: "Clear search",
  emptyTitle: "No conversations yet",
  emptyText: "Find somebody to talk to, start a group, or browse the public ones.",
  unread: (count: number) => (count === 1 ? "1 unread message" : `${count} unread messages`),
  mentions: (count: number) => (count === 1 ? "1 mention of you" : `${count} mentions of you`),
  filter: "Show",
  filters: { all: "All", unread: "Unread", mentions: "Mentions", archived: "Archived" },
  none: {
    all: "All your conversations are archived.",
    unread: "Nothing is unread.",
    mentions: "Nobody has mentioned you since you last looked.",
    archived: "Nothing is archived.",
  },
  actions: "Conversation actions",
  pinned: "pinned",
  muted: "muted",
  markedUnread: "Marked as unread",
  noMessages: "No messages yet",
  typing: "typing…",
  draft: "Draft:",
};

export const home = {
  title: "Pick a conversation",
  text: "Choose one on the left, or start a new one.",
  start: "New conversation",
};

export const notFound = {
  title: "There is nothing here",
  text: "The address may be wrong, or you may not see this conversation.",
  action: "To your conversations",
};

export const conversation = {
  messages: "Messages",
  details: "Details",
  search: "Search in this conversation",
  online: "online",
  offline: "offline",
  closed: "account closed",
  lastSeen: (when: string) => `last seen ${when}`,
  members: (count: number) => (count === 1 ? "1 member" : `${count} members`),
  onlineCount: (count: number) => `${count} online`,
  isTyping: (names: readonly string[]) => {
    if (names.length === 1) return `${names[0]} is typing…`;
    if (names.length === 2) return `${names[0]} and ${names[1]} are typing…`;
    return "Several people are typing…";
  },
  typing: "typing…",
  emptyTitle: "No messages yet",
  emptyDirect: (name: string) => `Say hello to ${name}.`,
  emptyGroup: "Write the first message.",
  start: "This is where the conversation begins",
  loadFailed: "The messages could not be loaded.",
  newMessages: "New messages",
  jumpToNewest: "Jump to newest",
  dropFiles: "Drop files to send them",
  announce: (name: string, text: string) => `${name}: ${text}`,
};

/** Somebody does not want to be disturbed. */
export const quiet = "do not disturb";

export const composer = {
  label: "Message",
  placeholder: "Write a message",
  send: "Send",
  attach: "Attach files",
  emoji: "Insert emoji",
  muted: (until: string) => `A moderator has muted you until ${until}.`,
  mutedForGood: "A moderator has muted you.",
  filesWait: "Your files wait for the next message.",
  emptyFolder: "There are no files in it.",
  fileLost: "Attach it again: the page was closed too early.",
  tooManyFiles: (most: number) => `A message can have at most ${most} files.`,
  tooLong: (over: number) => `${over} characters too long`,
  replyingTo: (name: string) => `Reply to ${name}`,
  editing: "Edit message",
  stopReply: "Cancel reply",
  stopEdit: "Stop editing",
  saveEdit: "Save changes",
};

export const notification = {
  inGroup: (name: string, group: string) => `${name} in ${group}`,
};

export const invitation = {
  preview: (name: string) => `${name} added you`,
};

export const block = {
  block: (name: string) => `Block ${name}`,
  unblock: "Unblock",
  message: "Message from a blocked person",
  show: "Show",
};
