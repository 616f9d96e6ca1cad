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
  discard: "Discard",
  actions: "Message actions",
  reply: "Reply",
  react: "React",
  reaction: (emoji: string, names: string) => `${emoji} by ${names}`,
  copy: "Copy text",
  copied: "Copied",
  edit: "Edit",
  unavailable: "Message not available",
  showQuoted: "Show the quoted message",
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
  download: (name: string) => `Download ${name}`,
  broken: "The picture could not be loaded",
  count: (count: number) => `${count} attachments`,
};
