import { ApiError, NetworkError } from "./client/errors";
import { Message, Role } from "./client/types";

/** Every word that the page shows. Another language is another file of this shape. */
export const texts = {
  locale: "en",
  appName: "Parley",
  tagline: "A chat of your own.",
  loading: "Loading…",
  restoring: "Connecting…",
  restoringOffline: "The server does not answer. Trying again…",
  cancel: "Cancel",
  close: "Close",
  back: "Back",
  save: "Save",
  saved: "Saved",
  retry: "Try again",
  you: "You",

  auth: {
    login: "Log in",
    register: "Create account",
    welcomeBack: "Welcome back",
    welcome: "Welcome to Parley",
    username: "Username",
    usernameHint: "3 to 32 characters: a–z, 0–9, dot, dash or underscore",
    displayName: "Your name",
    displayNameHint: "How others see you; you can change it later",
    optional: "optional",
    password: "Password",
    passwordHint: "At least 8 characters",
    showPassword: "Show password",
    hidePassword: "Hide password",
    noAccount: "New here?",
    haveAccount: "Have an account already?",
    working: "One moment…",
  },

  connection: {
    connecting: "Connecting…",
    offline: "Offline. Messages are sent when the connection is back.",
    retryNow: "Retry now",
  },

  sidebar: {
    label: "Conversations",
    newChat: "New conversation",
    discover: "Discover groups",
    profile: "Your profile",
    search: "Search",
    clearSearch: "Clear search",
    emptyTitle: "No conversations yet",
    emptyText: "Find somebody to talk to, start a group, or look around in the public ones.",
    unread: (count: number) => (count === 1 ? "1 unread message" : `${count} unread messages`),
    conversations: "Conversations",
    people: "People",
    messages: "Messages",
    nothingFound: (text: string) => `Nothing found for “${text}”`,
    nothingFoundHint: "Try a shorter or different word.",
    searching: "Searching…",
    more: "More results",
    noMessages: "No messages yet",
    typing: "typing…",
    draft: "Draft:",
  },

  home: {
    title: "Pick a conversation",
    text: "Choose one on the left, or start a new one.",
    start: "New conversation",
  },

  notFound: {
    title: "There is nothing here",
    text: "The address may be wrong, or the conversation is not yours to see.",
    action: "To your conversations",
  },

  conversation: {
    messages: "Messages",
    details: "Details",
    search: "Search in this conversation",
    searchIn: (title: string) => `Search in ${title}`,
    online: "online",
    offline: "offline",
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
  },

  message: {
    edited: "edited",
    deleted: "This message was deleted",
    sending: "Sending",
    uploading: "Uploading",
    sent: "Sent",
    delivered: "Delivered",
    read: "Read",
    failed: "Not sent",
    discard: "Discard",
    actions: "Message actions",
    reply: "Reply",
    react: "React",
    reactWith: (emoji: string) => `React with ${emoji}`,
    reaction: (emoji: string, names: string) => `${emoji} by ${names}`,
    addReaction: "Add reaction",
    moreReactions: "More reactions",
    copy: "Copy text",
    copied: "Copied",
    copyLink: "Copy link",
    edit: "Edit",
    delete: "Delete",
    deleteQuestion: "Delete this message for everyone?",
    report: "Report",
    reportTitle: "Report this message",
    reportReason: "What is wrong with it?",
    reportSend: "Send report",
    reported: "Thank you. A moderator will look at it.",
    unavailable: "Message not available",
    showQuoted: "Show the message this answers",
  },

  attachment: {
    image: "Photo",
    video: "Video",
    audio: "Audio",
    file: "File",
    open: (name: string) => `Open ${name}`,
    download: (name: string) => `Download ${name}`,
    broken: "The picture could not be loaded",
    count: (count: number) => `${count} attachments`,
    viewer: "Picture viewer",
    previous: "Previous picture",
    next: "Next picture",
    zoomIn: "Zoom in",
    zoomOut: "Zoom out",
    position: (index: number, count: number) => `${index} of ${count}`,
  },

  composer: {
    label: "Message",
    placeholder: "Write a message",
    send: "Send",
    attach: "Attach files",
    attachments: "Attachments",
    removeFile: (name: string) => `Remove ${name}`,
    retryFile: (name: string) => `Try ${name} again`,
    progress: (name: string) => `Upload of ${name}`,
    waiting: "Waiting for the connection",
    emoji: "Insert emoji",
    muted: (until: string) => `A moderator keeps you from writing until ${until}.`,
    mutedForGood: "A moderator keeps you from writing.",
    tooManyFiles: (most: number) => `A message carries at most ${most} files.`,
    tooLong: (over: number) => `${over} characters too long`,
    replyingTo: (name: string) => `Reply to ${name}`,
    editing: "Edit message",
    stopReply: "Do not reply",
    stopEdit: "Stop editing",
    saveEdit: "Save changes",
  },

  emoji: {
    label: "Emoji",
    search: "Find emoji",
    none: "No such emoji",
    groups: ["Smileys", "People", "Hearts and signs", "Nature", "Food and drink", "Things and places"],
  },

  start: {
    title: "New conversation",
    find: "Find people by name",
    newGroup: "New group",
    newGroupText: "Talk with several people at once",
    discoverText: "Public groups that anyone can join",
    nobody: "Nobody found",
    nobodyHint: "People are found by the beginning of their name.",
    groupTitle: "Group name",
    groupMembers: "Members",
    visibility: "Who can join",
    private: "Private",
    privateText: "Members are added by its owner and admins.",
    public: "Public",
    publicText: "Anyone can find it and join.",
    create: "Create group",
    removePerson: (name: string) => `Remove ${name}`,
  },

  discover: {
    title: "Discover groups",
    search: "Find public groups",
    empty: "No public groups here yet",
    emptyText: "Be the first: make one that anyone can join.",
    nothing: "No group found",
    join: "Join",
    open: "Open",
  },

  details: {
    title: "Details",
    members: "Members",
    addPeople: "Add people",
    rename: "Change name",
    leave: "Leave group",
    leaveQuestion: "Leave this group? You get no more messages from it.",
    privateGroup: "Private group",
    publicGroup: "Public group",
    joined: (date: string) => `On Parley since ${date}`,
    more: "Show more",
    memberActions: (name: string) => `Actions for ${name}`,
    makeAdmin: "Make admin",
    makeMember: "Make member",
    makeOwner: "Make owner",
    removeMember: "Remove from group",
    message: "Send message",
    roles: { owner: "Owner", admin: "Admin", member: "" } as Record<Role, string>,
  },

  invitation: {
    title: "Invitation",
    preview: (name: string) => `${name} added you`,
    text: (name: string, username: string) => `${name} (@${username}) added you to this group. You have not talked yet, so nothing of it is shown until you accept.`,
    accept: "Accept",
  },

  block: {
    block: (name: string) => `Block ${name}`,
    unblock: "Unblock",
    blocked: (name: string) => `You have blocked ${name}.`,
  },

  profile: {
    title: "Profile",
    picture: "Change picture",
    name: "Name",
    about: "About you",
    aboutHint: "A line or two that others can read",
    notifications: "Notifications",
    notificationsText: "Show a notification for new messages while you look elsewhere",
    notificationsBlocked: "Your browser does not allow notifications for this page.",
    password: "Password",
    currentPassword: "Current password",
    newPassword: "New password",
    changePassword: "Change password",
    passwordChanged: "Password changed. Other devices are signed out.",
    sessions: "Signed-in devices",
    thisDevice: "This device",
    lastUsed: (when: string) => `last used ${when}`,
    endSession: "Sign out",
    unknownDevice: "Unknown device",
    logout: "Log out",
  },

  notification: {
    inGroup: (name: string, group: string) => `${name} in ${group}`,
  },

  time: {
    today: "Today",
    yesterday: "Yesterday",
    now: "just now",
  },

  notices: "Notices",
  broken: "Something went wrong with this page.",
  reload: "Load it again",
};

const problems: Record<string, string> = {
  invalid_credentials: "That username and password do not go together.",
  username_taken: "That username is taken.",
  rate_limited: "That was a bit fast. Please wait a moment.",
  unavailable: "The server cannot do that right now. Please try again.",
  internal: "Something went wrong on the server. Please try again.",
  timeout: "That took too long. Please try again.",
  too_large: "The file is too large.",
  quota_exceeded: "Your storage is full.",
  storage_full: "The server's storage is full.",
  not_a_member: "You are not a member of this conversation.",
  banned: "This account is banned.",
  muted: "You cannot write at the moment.",
  not_found: "That does not exist any more.",
  gone: "That does not exist any more.",
  unsupported_media_type: "Files of this type are not accepted.",
};

/** An error in words for people. */
export function problemText(error: unknown): string {
  if (error instanceof NetworkError) return "No connection to the server.";
  if (error instanceof ApiError) {
    const known = problems[error.code];
    if (known !== undefined) return known;
    // A refused value: the server says which, as "field: what it must be". Of what is forbidden it says why.
    if (error.detail !== "") return capitalised(error.detail.replace(/^\w+: /, ""));
  }
  return "Something went wrong. Please try again.";
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** A message in one line, for lists and notifications. */
export function messageSummary(message: Pick<Message, "text" | "attachments" | "deletedAt">): string {
  if (message.deletedAt !== undefined) return texts.message.deleted;
  if (message.text !== "") return message.text;
  const [first] = message.attachments;
  if (first === undefined) return "";
  if (message.attachments.length > 1) return texts.attachment.count(message.attachments.length);
  return first.kind === "file" ? first.name : texts.attachment[first.kind];
}
