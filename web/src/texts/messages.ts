/** Messages and what they carry. */

export const message = {
  edited: "edited",
  deleted: "This message was deleted",
  sending: "Sending",
  uploading: "Uploading",
  sent: "Sent",
  delivered: "Delivered",
  read: "Read",
  failed: "Not sent",
  saving: "Saving",
  notSaved: (problem: string) => `Not saved. ${problem}`,
  filesLost: "The page was closed before its files had arrived. Trying again sends it without them.",
  ownerOnly: "A file of it can be opened by you only, as it may hold what the server cannot remove.",
  discard: "Discard",
  actions: "Message actions",
  reply: "Reply",
  react: "React",
  reactWith: (emoji: string) => `React with ${emoji}`,
  reaction: (emoji: string, names: string) => `${emoji} by ${names}`,
  copy: "Copy text",
  copied: "Copied",
  edit: "Edit",
  unavailable: "Message not available",
  showQuoted: "Show the quoted message",
  showMore: "Show more",
  showLess: "Show less",
  everybody: "Everybody here",
  spoiler: "Hidden words: show them",
  code: "Code",
  copyCode: "Copy code",
};

export const linkCard = {
  dismiss: (title: string) => `Remove the preview of ${title}`,
};

/** What was written where its user cannot write any more. */
export const lostWords = {
  title: "Not sent",
  preview: "Not sent:",
  reason: "You cannot write here any more. What you wrote is yours to copy.",
};

export const attachment = {
  image: "Photo",
  video: "Video",
  audio: "Audio",
  file: "File",
  open: (name: string) => `Open ${name}`,
  openMore: (name: string, count: number) => `Open ${name}, and ${count} more`,
  long: "Long picture",
  download: (name: string) => `Download ${name}`,
  broken: "The picture could not be loaded",
  count: (count: number) => `${count} attachments`,
};
