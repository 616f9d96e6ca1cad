/** What travels between server and client, as API.md names it. */

export type Id = string;

export interface Thumbnail {
  size: "small" | "medium" | "large";
  width: number;
  height: number;
  url: string;
}

export interface Upload {
  id: Id;
  ownerId: Id;
  name: string;
  type: string;
  /** Bytes as received. */
  size: number;
  sha256: string;
  kind: "image" | "video" | "audio" | "file";
  width?: number;
  height?: number;
  /** Seconds. */
  duration?: number;
  blurhash?: string;
  url: string;
  thumbnails: Thumbnail[];
  createdAt: string;
}

export interface User {
  id: Id;
  username: string;
  displayName: string;
  about?: string;
  avatar?: Upload;
  createdAt: string;
  status?: "online" | "offline";
  lastSeenAt?: string;
  /** Of oneself only: until when one cannot write. */
  mutedUntil?: string;
}

export interface SessionAnswer {
  user: User;
  accessToken: string;
  /** Seconds until the access token expires. */
  expiresIn: number;
}

export interface Device {
  id: Id;
  createdAt: string;
  lastUsedAt: string;
  userAgent?: string;
  current: boolean;
}

export type Role = "owner" | "admin" | "member";

export interface Member {
  user: User;
  role: Role;
  deliveredSeq: number;
  readSeq: number;
}

export interface Conversation {
  id: Id;
  kind: "direct" | "group";
  title?: string;
  visibility?: "private" | "public";
  /** The first 50. */
  members: Member[];
  memberCount: number;
  lastSeq: number;
  revision: number;
  lastMessage?: Message;
  unreadCount: number;
  /** Who made one a member without being known; until that is accepted. */
  invitation?: { by: Message["sender"]; at: string };
  createdAt: string;
  updatedAt: string;
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

export interface Reaction {
  emoji: string;
  userIds: Id[];
}

export type MessageStatus = "sent" | "delivered" | "read";

export interface Message {
  id: Id;
  conversationId: Id;
  seq: number;
  revision: number;
  sender: { id: Id; username: string; displayName: string };
  text: string;
  attachments: Upload[];
  replyTo?: Id;
  reactions: Reaction[];
  /** Here only: the revision of a change of `reactions` that came by itself, later than the rest of the message. */
  reactionsRevision?: number;
  clientId?: string;
  status: MessageStatus;
  createdAt: string;
  editedAt?: string;
  deletedAt?: string;
}

export interface ConversationPage {
  conversations: Conversation[];
  nextCursor?: string;
}

export interface MemberPage {
  members: Member[];
  nextCursor?: string;
}

export interface MessagePage {
  messages: Message[];
  hasMore: boolean;
}

export interface OutgoingMessage {
  conversationId: Id;
  clientId: string;
  text: string;
  attachments: Id[];
  replyTo?: Id;
}

export interface SyncAnswer {
  conversations: {
    id: Id;
    revision: number;
    conversation?: Conversation;
    messages: Message[];
    more: boolean;
  }[];
  removed: Id[];
}

export interface Marks {
  conversationId: Id;
  userId: Id;
  deliveredSeq: number;
  readSeq: number;
}

/** Every event that the server sends, with its payload. */
export interface ServerEvents {
  ready: { user: User; online: Id[]; undelivered: Record<Id, number> };
  "message:received": Message;
  "message:updated": Message;
  "message:reactions": ReactionChange;
  "message:deleted": Message;
  "message:status": Marks;
  "user:status": { userId: Id; status: "online" | "offline"; lastSeenAt?: string };
  typing: { conversationId: Id; userId: Id; active: boolean };
  /** Until when one's own messages are refused; without it, not any more. */
  "user:muted": { until?: string };
  /** Of one's own block list. */
  "user:blocked": { userId: Id; blocked: boolean };
  "conversation:created": Conversation;
  "conversation:updated": Conversation;
  "conversation:renamed": { id: Id; title: string; revision: number };
  "member:updated": { conversationId: Id; userId: Id; role: Role; revision: number };
  "conversation:removed": { id: Id };
  "member:joined": { conversationId: Id; userId: Id };
  "member:left": { conversationId: Id; userId: Id };
  "session:revoked": { code: string };
}

export type ServerEvent = {
  [Name in keyof ServerEvents]: { name: Name; payload: ServerEvents[Name] };
}[keyof ServerEvents];
