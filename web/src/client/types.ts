/**
 * What travels between server and client. The types of the REST routes are generated from openapi.yaml (schemas.ts); those
 * of events are here, as docs/EVENTS.md describes them.
 */
import { Answers, Conversation, ID, Member, Message as SentMessage, NewMessage, Role, Session, Upload, User } from "./schemas";

export type { Answers, Conversation, Device, GroupNotice, LinkCard, Member, Role, SharedItem, Upload, User } from "./schemas";

export type Id = ID;
export type StatusMessage = NonNullable<User["statusMessage"]>;
export type DoNotDisturb = NonNullable<User["doNotDisturb"]>;

/** What the user changes of their own account. Null takes it away. */
export interface MyChanges {
  displayName?: string;
  about?: string;
  avatarUploadId?: ID;
  statusMessage?: StatusMessage | null;
  doNotDisturb?: DoNotDisturb | null;
}

export type SessionAnswer = Session;
export type Thumbnail = Upload["thumbnails"][number];
export type Reaction = SentMessage["reactions"][number];
export type MessageStatus = SentMessage["status"];
export type ConversationPage = Answers["listConversations"];
export type MemberPage = Answers["listMembers"];
export type MessagePage = Answers["listMessages"];
export type SharedPage = Answers["listShared"];

export interface Message extends SentMessage {
  /** Only in this client: the revision of a later `message:reactions` that `reactions` contains. */
  reactionsRevision?: number;
}

/** A message as this client sends it: to a conversation, and always with an id that makes sending again safe. */
export interface OutgoingMessage extends NewMessage {
  conversationId: Id;
  clientId: string;
}

/** Somebody reacted to a large message, or took that back. */
export interface ReactionChange {
  conversationId: Id;
  messageId: Id;
  revision: number;
  emoji: string;
  userId: Id;
  add: boolean;
}

export interface Marks {
  conversationId: Id;
  userId: Id;
  deliveredSeq: number;
  readSeq: number;
}

/** How much of a conversation the user wants to be told; only they see it. */
export type ConversationSettings = Pick<
  NonNullable<Conversation["me"]>,
  "notifications" | "mutedUntil" | "pinned" | "archived" | "markedUnread" | "settingsVersion"
>;

/** What the user changes of them. Null: not muted any more. */
export type SettingsWish = Partial<Pick<ConversationSettings, "notifications" | "pinned" | "archived" | "markedUnread">> & {
  readonly mutedUntil?: string | null;
};

export interface SettingsChange extends ConversationSettings {
  conversationId: Id;
}

/** With `marks` those of some members, as this client asks for; else those of one. */
export interface MarksMoved {
  conversationId: Id;
  userId?: Id;
  deliveredSeq?: number;
  readSeq?: number;
  marks?: Omit<Marks, "conversationId">[];
}

/** The acknowledgement of `sync`. */
export interface SyncAnswer {
  conversations: {
    id: Id;
    revision: number;
    conversation?: Conversation;
    messages: Message[];
    more: boolean;
  }[];
  removed: Id[];
  /** The marks that have moved since `cursor`; the user's own with the server's counts and their settings. */
  marks: (Marks & { unreadCount?: number; unreadMentions?: number } & Partial<ConversationSettings>)[];
  /** Those whose profile has changed since `cursor`. */
  users: User[];
  cursor?: string;
  moreMarks?: boolean;
}

/** Every event that the server sends, with its payload. */
export interface ServerEvents {
  ready: { user: User; online: Id[]; undelivered: Record<Id, number>; cursor: string };
  "message:received": Message;
  "message:updated": Message;
  "message:reactions": ReactionChange;
  "message:deleted": Message;
  "message:status": MarksMoved;
  typing: { conversationId: Id; userId: Id; active: boolean; user?: Message["sender"] };
  "user:status": { userId: Id; status: "online" | "offline"; lastSeenAt?: string };
  "user:updated": User;
  /** Until when the user's own messages are refused; without `until`, no longer. */
  "user:muted": { until?: string };
  /** The user's own settings of a conversation, all of them. */
  "user:settings": SettingsChange;
  /** A change of the user's own block list. */
  "user:blocked": { userId: Id; blocked: boolean };
  "conversation:created": Conversation;
  "conversation:updated": Conversation;
  "conversation:renamed": { id: Id; title: string; revision: number };
  "member:updated": { conversationId: Id; userId: Id; role: Role; revision: number };
  /** A server of an earlier version gives no revision. */
  "conversation:removed": { id: Id; revision: number };
  "member:joined": { conversationId: Id; userId: Id; member: Member; memberCount: number; revision: number };
  "member:left": { conversationId: Id; userId: Id; memberCount: number; revision: number };
  "session:revoked": { code: string; banned?: { reason?: string; until?: string } };
}

export type ServerEvent = {
  [Name in keyof ServerEvents]: { name: Name; payload: ServerEvents[Name] };
}[keyof ServerEvents];
