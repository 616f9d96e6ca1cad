import { ConnectionStatus } from "../client/connection";
import { Ban } from "../client/errors";
import { Conversation, GroupNotice, Id, Marks, Member, Message, MessageStatus, Role, Upload, User } from "../client/types";
import { Acts } from "./act";
import { Timeline } from "./timeline";

/** A file on its way to the server. */
export interface UploadTask {
  readonly id: string;
  readonly name: string;
  readonly size: number;
  readonly type: string;
  /** An object URL that shows a picture, film or sound before it is uploaded. */
  readonly preview?: string;
  /** As the browser measured them, in pixels and seconds. */
  readonly width?: number;
  readonly height?: number;
  readonly duration?: number;
  /** What can be seen or heard, in the user's words; an empty text says nothing. */
  readonly alt?: string;
  /** Whether a picture or film is sent as a file. */
  readonly asFile?: boolean;
  /** As it was recorded: the server measures its own. */
  readonly waveform?: readonly number[];
  /** The share that was sent, 0 to 1. */
  readonly share: number;
  readonly state: "uploading" | "waiting" | "done" | "failed";
  readonly upload?: Upload;
  /** Why it failed, as text for the user. */
  readonly problem?: string;
  /** Whether it can never be sent: the server has refused it for good, or it cannot be read (any more). */
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
  /** The files of which the server had not yet said what has to be known of them before they are sent. */
  readonly unseen?: readonly string[];
}

/** What the user is writing in a conversation. */
export interface Draft {
  readonly text: string;
  readonly uploads: readonly string[];
  readonly replyTo?: Message;
  /** What is in the field instead of `text`, while a message is edited. */
  readonly editing?: Editing;
  /** Edits that were begun and left for another one, by their messages. */
  readonly begun?: Readonly<Record<string, string>>;
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
  readonly banned?: Ban;
  /** Whether what the user had not sent is kept for them. */
  readonly isKept: boolean;
}

export interface Notice {
  readonly id: number;
  readonly text: string;
  readonly isProblem: boolean;
}

type Table<T> = Readonly<Record<string, T>>;

/** Somebody who is typing, and until when that is shown, in milliseconds since 1970. */
export interface Typist {
  readonly until: number;
  readonly user: Message["sender"] | undefined;
}

/**
 * Unread messages are those of others past the user's mark that are not deleted; some of them mention the user. Where all messages past the mark are
 * loaded, these are counted. Otherwise the number is the server's, as of a revision of the conversation, with what has
 * changed since. Where the page cannot know it, `isSure` is false, and the server is asked.
 */
export interface Count {
  readonly number: number;
  readonly mentions: number;
  readonly isSure: boolean;
  /** Whether all messages past the mark are loaded. */
  readonly isLoaded: boolean;
  /** The server's number contained every change up to this revision, and every message up to this seq. */
  readonly revision: number;
  readonly lastSeq: number;
  /** Whether it was taken at `revision`. That of an event can contain later messages. */
  readonly isExact: boolean;
  /** What has happened to messages past the mark, oldest first. */
  readonly entries: readonly Entry[];
  /** Earlier entries than this revision may be missing. */
  readonly floor: number;
}

/** A version of a message, and by how much it changed the numbers after `Count.revision`. */
export interface Entry {
  readonly seq: number;
  readonly revision: number;
  readonly isUnread: boolean;
  readonly isMention: boolean;
  /** Whether no earlier version was seen. */
  readonly isFirst: boolean;
  readonly change: number;
  readonly mentionChange: number;
}

/** What has arrived of a conversation that is still being fetched. */
export interface Early {
  readonly messages: readonly Message[];
  readonly marks: readonly Marks[];
}

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
  /** Whether the page is offline: an attempt to connect has failed, and none has succeeded since. */
  readonly isAway: boolean;
  readonly conversations: Table<Conversation>;
  readonly isListLoaded: boolean;
  /** The conversations that are known without being in the user's list, such as one that was hidden and is still open. */
  readonly unlisted: Table<boolean>;
  /** How the unread messages of a conversation were counted. */
  readonly counts: Table<Count>;
  readonly early: Table<Early>;
  /** By conversation: every change up to this revision has been applied. */
  readonly revisions: Table<number>;
  /** By conversation: later changes that have been applied already. */
  readonly ahead: Table<readonly number[]>;
  readonly timelines: Table<Timeline>;
  /** By conversation: what happened to it beside its messages. */
  readonly groupNotices: Table<readonly GroupNotice[]>;
  readonly online: Table<boolean>;
  readonly lastSeen: Table<string>;
  /** The people whom the user has blocked. */
  readonly blocked: Table<boolean>;
  /** People whose profile has changed, and those of whom a conversation says no more than the id. */
  readonly people: Table<User>;
  /** By conversation and user. */
  readonly typing: Table<Table<Typist>>;
  readonly pending: readonly PendingMessage[];
  /** What is to be done to messages, by their ids. */
  readonly acts: Acts;
  /** The titles of conversations that the user is not in any more. */
  readonly titles: Table<string>;
  readonly uploads: Table<UploadTask>;
  /** What shows the user's own files as they were sent, by upload: nothing flickers when the server's copy is there. */
  readonly previews: Table<string>;
  readonly drafts: Table<Draft>;
  /** Messages that views show outside of a timeline, such as quoted and found ones, and those that have changed. */
  readonly kept: Table<Message>;
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
  isAway: false,
  conversations: {},
  isListLoaded: false,
  unlisted: {},
  counts: {},
  early: {},
  revisions: {},
  ahead: {},
  timelines: {},
  groupNotices: {},
  online: {},
  lastSeen: {},
  blocked: {},
  people: {},
  typing: {},
  pending: [],
  acts: {},
  titles: {},
  uploads: {},
  previews: {},
  drafts: {},
  kept: {},
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

/** The user's role in a conversation they are in. */
export function ownRole(conversation: Conversation): Role {
  return conversation.me?.role ?? "member";
}

/** Somebody's name, where a conversation names only the id; undefined if it has to be asked for. */
export function nameOf(state: State, conversation: Conversation, userId: Id): string | undefined {
  if (userId === state.me?.id) return state.me.displayName;
  return (memberOf(conversation, userId)?.user ?? state.people[userId])?.displayName;
}

/** Whether somebody's messages are folded: in groups, those of people whom the user has blocked. */
export function isFromBlocked(state: Pick<State, "blocked">, { kind }: Pick<Conversation, "kind">, senderId: Id | undefined): boolean {
  return kind === "group" && senderId !== undefined && state.blocked[senderId] === true;
}

/** The conversations of the user's list. */
export function listed({ conversations, unlisted }: Pick<State, "conversations" | "unlisted">): Conversation[] {
  return Object.values(conversations).filter(({ id }) => unlisted[id] !== true);
}

/** The unread messages that the list and the page's title count. A group that was not accepted has none. */
export function unreadIn({ invitation, unreadCount }: Conversation): number {
  return invitation === undefined ? unreadCount : 0;
}

/** Until when the user has muted a conversation, in milliseconds since 1970; 0 if they have not, or not any more. */
export function mutedUntil({ me }: Conversation, now: number): number {
  const until = me?.mutedUntil === undefined ? 0 : Date.parse(me.mutedUntil) || Infinity;
  return until > now ? until : 0;
}

/** Of which messages of a conversation the user wants to be told now, by their settings. In archived ones, of mentions at most. */
export function wanted(conversation: Conversation, now: number): "all" | "mentions" | "none" {
  const { notifications = "all", archived = false } = conversation.me ?? {};
  if (mutedUntil(conversation, now) > 0) return "none";
  return archived && notifications === "all" ? "mentions" : notifications;
}

/** Whether the user is to look at a conversation again: something is unread, or they have marked it so. */
export function isToRead(conversation: Conversation): boolean {
  return unreadIn(conversation) > 0 || conversation.me?.markedUnread === true;
}

/** How many unread messages of conversations concern the user: none of those that they have muted. What they marked as unread is one. */
export function concerning(conversations: readonly Conversation[], now: number): number {
  return conversations.reduce((sum, conversation) => {
    const tells = wanted(conversation, now);
    if (tells === "none") return sum;
    const marked = conversation.me?.markedUnread === true ? 1 : 0;
    return sum + Math.max(marked, tells === "mentions" ? mentionsIn(conversation) : unreadIn(conversation));
  }, 0);
}

/** The unread messages that mention the user. */
export function mentionsIn({ invitation, unreadMentions = 0 }: Conversation): number {
  return invitation === undefined ? unreadMentions : 0;
}

/** Whether a message is meant for somebody: it is another person's, and mentions them. */
export function isMentioning({ sender, mentions, mentionsAll }: Message, userId: Id | undefined): boolean {
  return sender.id !== userId && (mentionsAll === true || mentions?.includes(userId ?? "") === true);
}

/** The time of the last message, which orders the list. */
export function activity(conversation: Conversation): string {
  return conversation.lastMessage?.createdAt ?? conversation.createdAt;
}

/** The status of the user's own message, by the lowest marks of all others or as the server last said. */
export function statusOf(message: Message, conversation: Conversation): MessageStatus {
  const lowest = lowestOfOthers(message.sender.id, conversation);
  if (lowest === undefined) return message.status;
  if (message.status === "read" || lowest.readSeq >= message.seq) return "read";
  if (message.status === "delivered" || lowest.deliveredSeq >= message.seq) return "delivered";
  return "sent";
}

function lowestOfOthers(userId: Id, { members, memberCount, others }: Conversation): Conversation["others"] {
  if (memberCount > members.length) return others;
  // Closed accounts read nothing any more.
  const open = members.filter(({ user }) => user.id !== userId && user.closed !== true);
  if (open.length === 0) return undefined;
  return {
    readSeq: Math.min(...open.map(({ readSeq }) => readSeq)),
    deliveredSeq: Math.min(...open.map(({ deliveredSeq }) => deliveredSeq)),
  };
}

export function draftOf(state: State, conversationId: Id): Draft {
  return state.drafts[conversationId] ?? emptyDraft;
}
