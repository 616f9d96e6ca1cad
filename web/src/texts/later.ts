/** What views say that are loaded later, about conversations and messages. */

/** Search. */
export const found = {
  searchIn: (title: string) => `Search in ${title}`,
  conversations: "Conversations",
  people: "People",
  messages: "Messages",
  nothingFound: (text: string) => `Nothing found for “${text}”`,
  nothingFoundHint: "Try a shorter or different word.",
  searching: "Searching…",
  more: "More results",
};

/** Files of a message that is being written or sent. */
export const tray = {
  attachments: "Attachments",
  removeFile: (name: string) => `Remove ${name}`,
  retryFile: (name: string) => `Try ${name} again`,
  progress: (name: string) => `Upload of ${name}`,
  waiting: "Waiting for the connection",
  ownerOnly: "Only you can open this file: it may hold what the server cannot remove.",
  uncleaned: "Sent as it is: what is written in the file beside its content, such as a place, stays in it.",
  sendWithout: (count: number) => (count === 1 ? "Send without the file" : "Send without these files"),
};

/** A group that a stranger added the user to. */
export const invite = {
  title: "Invitation",
  text: (name: string, username: string) => `${name} (@${username}) added you to this group. You have not talked before, so the group stays hidden until you accept.`,
  accept: "Accept",
};

/** The menu of a message. */
export const menu = {
  addReaction: "Add reaction",
  moreReactions: "More reactions",
  copyLink: "Copy link",
  select: "Select text",
  delete: "Delete",
  deleteQuestion: "Delete this message for everyone?",
  report: "Report",
  reportTitle: "Report this message",
  reportReason: "What is wrong with it?",
  reportSend: "Send report",
  reported: "Thank you. A moderator will look at it.",
};

/** The viewer of pictures. */
export const viewer = {
  viewer: "Picture viewer",
  previous: "Previous picture",
  next: "Next picture",
  words: "About this picture",
  zoomIn: "Zoom in",
  zoomOut: "Zoom out",
  position: (index: number, count: number) => `${index} of ${count}`,
};

/** Why nobody can write. */
export const silence = {
  closed: (name: string) => `${name}’s account is closed. Nobody can write to it any more.`,
  blocked: (name: string) => `You have blocked ${name}.`,
};
