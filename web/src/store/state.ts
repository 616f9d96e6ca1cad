import { ConnectionStatus } from "../client/connection";
import { Conversation, Id, Member, Message, MessageStatus, Role, Upload, User } from "../client/types";
import { Acts } from "./act";
import { Timeline } from "./timeline";

/** A file on its way to the server. */
export interface UploadTask {
  readonly id: string;
  readonly name: string;
  readonly size: number;
  readonly type: string;
  /** An object URL that shows a picture before it is uploaded. */
  readonly preview?: string;
  /** The share that was sent, 0 to 1. */
  readonly share: number;
  readonly state: "uploading" | "waiting" | "done" | "failed";
  readonly upload?: Upload;
  /** Why it failed, as text for the user. */
  readonly problem?: string;
  /** Whether the page that was sending it is gone, and the file with it. */
  readonly isLost?: boolean;
}

/** A message that the server has not acknowledged. */
export interface PendingMessage {
  readonly clientId: string;
  readonly conversationId: Id;
  readonly text: string;
  /** The ids of its upload tasks. */
  readonly uploads: readonly string[];
  readonly replyTo?: Id;
  readonly createdAt: string;
  readonly state: "uploading" | "sending" | "failed";
  readonly problem?: string;
  /** Whether it was sent, so that the server may have it as it is. */
  readonly isTried?: boolean;
}

/** What the user is writing in a conversation. */
export interface Draft {
  readonly text: string;
  readonly uploads: readonly string[];
  readonly replyTo?: Message;
  /** What is in the field instead of `text`, while a message is edited. */
  readonly editing?: Editing;
}

export interface Editing {
  /** The message's id, or the `clientId` of one that is not sent yet. */
  readonly target: string;
  readonly text: string;
  /** The text before, and the message in one line. */
  readonly original: string;
  readonly summary: string;
  readonly mayBeEmpty: boolean;
  /** Why the server refused it. */
  readonly problem?: string;
}

export const emptyDraft: Draft = { text: "", uploads: [] };

/** Why a session is over, though the user did not log out. */
export interface Ending {
  readonly code: string;
  /** Whether what the user had not sent is kept for them. */
  readonly isKept: boolean;
}

export interface Notice {
  readonly id: number;
  readonly text: string;
  readonly isProblem: boolean;
}

type Table<T> = Readonly<Record<string, T>>;

export interface State {
  /** `restoring` while the page asks the server whether its cookie is still valid. */
  readonly phase: "restoring" | "signedOut" | "signedIn";
  readonly me: User | undefined;
  readonly ending: Ending | undefined;
  /** The time, to the minute, in milliseconds since 1970. */
  readonly now: number;
  /** The date in the local calendar, with the offset of the time zone: what is shown as a day changes with it. */
  readonly today: string;
  /** Until when the user is muted, in milliseconds since 1970; 0 for not at all. */
  readonly mutedUntil: number;
  readonly connection: ConnectionStatus;
  readonly conversations: Table<Conversation>;
  readonly isListLoaded: boolean;
  /** By conversation: every change up to this revision has been applied. */
  readonly revisions: Table<number>;
  readonly timelines: Table<Timeline>;
  readonly online: Table<boolean>;
  readonly lastSeen: Table<string>;
  /** The people whom the user has blocked. */
  readonly blocked: Table<boolean>;
  /** The user's role in groups whose first members, which a conversation carries, do not include the user. */
  readonly ownRoles: Table<Role>;
  /** By conversation and user: until when the typing mark is shown, in milliseconds since 1970. */
  readonly typing: Table<Table<number>>;
  readonly pending: readonly PendingMessage[];
  /** What is to be done to messages, by their ids. */
  readonly acts: Acts;
  /** The titles of conversations that the user is not in any more. */
  readonly titles: Table<string>;
  readonly uploads: Table<UploadTask>;
  readonly drafts: Table<Draft>;
  /** Quoted messages that are not in a timeline. */
  readonly quoted: Table<Message>;
  readonly notices: readonly Notice[];
}

/** The part of the state that is the time. */
export function timeOf(now: number): Pick<State, "now" | "today"> {
  const date = new Date(now);
  return { now, today: `${date.toDateString()} ${date.getTimezoneOffset()}` };
}

export const initialState: State = {
  phase: "restoring",
  me: undefined,
  ending: undefined,
  ...timeOf(Date.now()),
  mutedUntil: 0,
  connection: "stopped",
  conversations: {},
  isListLoaded: false,
  revisions: {},
  timelines: {},
  online: {},
  lastSeen: {},
  blocked: {},
  ownRoles: {},
  typing: {},
  pending: [],
  acts: {},
  titles: {},
  uploads: {},
  drafts: {},
  quoted: {},
  notices: [],
};

/** The other person of a direct conversation. */
export function partner(conversation: Conversation, meId: Id | undefined): User | undefined {
  if (conversation.kind !== "direct") return undefined;
  return conversation.members.find((member) => member.user.id !== meId)?.user;
}

/** The name of a conversation: a group's title, or the other person's name. */
export function titleOf(conversation: Conversation, meId: Id | undefined): string {
  return conversation.title ?? partner(conversation, meId)?.displayName ?? "";
}

/** Whether the user sees a public group from outside: its title and size, but no members. */
export function isOutside(conversation: Conversation): boolean {
  return conversation.members.length === 0;
}

export function memberOf(conversation: Conversation, userId: Id | undefined): Member | undefined {
  return conversation.members.find((member) => member.user.id === userId);
}

/** The user's role in a conversation they are in; a plain member's until another one is known. */
export function ownRole(state: State, conversation: Conversation): Role {
  return memberOf(conversation, state.me?.id)?.role ?? state.ownRoles[conversation.id] ?? "member";
}

/** The unread messages that the list and the page's title count. A group that was not accepted has none. */
export function unreadIn({ invitation, unreadCount }: Conversation): number {
  return invitation === undefined ? unreadCount : 0;
}

/** The time of the last message, which orders the list. */
export function activity(conversation: Conversation): string {
  return conversation.lastMessage?.createdAt ?? conversation.createdAt;
}

/** The status of the user's own message, by the marks of all other members or as the server last said. */
export function statusOf(message: Message, conversation: Conversation): MessageStatus {
  const others = conversation.members.filter((member) => member.user.id !== message.sender.id);
  if (others.length === 0 || conversation.memberCount > conversation.members.length) return message.status;
  if (message.status === "read" || others.every((member) => member.readSeq >= message.seq)) return "read";
  if (message.status === "delivered" || others.every((member) => member.deliveredSeq >= message.seq)) return "delivered";
  return "sent";
}

export function draftOf(state: State, conversationId: Id): Draft {
  return state.drafts[conversationId] ?? emptyDraft;
}
