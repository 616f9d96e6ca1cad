import { Conversation, Id, Message } from "../client/types";
import { Count, Entry, isMentioning, State } from "./state";
import { lowerBound } from "./timeline";

/** At most this many entries are held for a conversation. */
const mostEntries = 500;

export function countOf({ revision, lastSeq, unreadCount, unreadMentions = 0 }: Conversation, isExact: boolean): Count {
  return { number: unreadCount, mentions: unreadMentions, isSure: true, isLoaded: false, revision, lastSeq, isExact, entries: [], floor: 0 };
}

/** How far the user has read. */
export function readSeqOf(conversation: Conversation): number {
  return conversation.me?.readSeq ?? 0;
}

function isUnread(message: Message, meId: Id | undefined): boolean {
  return message.sender.id !== meId && message.deletedAt === undefined;
}

/** What a version of a message counts as. */
type Counted = Pick<Entry, "isUnread" | "isMention">;

function counted(message: Message, meId: Id | undefined): Counted {
  const unread = isUnread(message, meId);
  return { isUnread: unread, isMention: unread && isMentioning(message, meId) };
}

const nothing: Counted = { isUnread: false, isMention: false };

/** Takes in a message that is about to be stored: a new one, or another version of one. */
export function withCounted(state: State, message: Message): State {
  const conversation = state.conversations[message.conversationId];
  const count = state.counts[message.conversationId];
  const { seq, revision } = message;
  if (conversation === undefined || count === undefined || seq <= readSeqOf(conversation)) return state;
  const known = knownVersion(state, conversation, count, seq);
  if (known !== undefined && known.revision >= revision) return state;
  const now = counted(message, state.me?.id);
  const isCounted = revision <= count.revision && seq <= count.lastSeq;
  // One's own are never counted, and a message past the server's number did not exist.
  const before = known ?? (message.sender.id === state.me?.id || seq > count.lastSeq ? nothing : undefined);
  // Otherwise a deleted one was probably counted, and another one already is.
  const change = isCounted ? 0 : Number(now.isUnread) - Number(before?.isUnread ?? true);
  const mentionChange = isCounted ? 0 : Number(now.isMention) - Number(before?.isMention ?? now.isMention);
  // A change that the server has counted may still be on its way, to this very message.
  const isOvertaking = known !== undefined && known.revision <= count.revision && (state.revisions[message.conversationId] ?? 0) < count.revision;
  const isDoubtful = !isCounted && (before === undefined || isOvertaking || ((change !== 0 || mentionChange !== 0) && !count.isExact));
  const entries = [...count.entries, { seq, revision, ...now, isFirst: known === undefined, change, mentionChange }];
  const dropped = entries.length > mostEntries ? entries.shift() : undefined;
  return withCount(state, message.conversationId, {
    ...count,
    number: count.number + change,
    mentions: count.mentions + mentionChange,
    isSure: count.isSure && !isDoubtful,
    entries,
    floor: Math.max(count.floor, dropped?.revision ?? 0),
  });
}

/** The latest version of a message that was taken into account. */
function knownVersion(state: State, { id, lastMessage }: Conversation, { entries }: Count, seq: number): (Counted & Pick<Entry, "revision">) | undefined {
  const loaded = state.timelines[id]?.messages;
  let latest: (Counted & Pick<Entry, "revision">) | undefined;
  for (const message of [loaded?.[lowerBound(loaded, seq)], lastMessage]) {
    if (message?.seq !== seq || (latest?.revision ?? 0) >= message.revision) continue;
    latest = { revision: message.revision, ...counted(message, state.me?.id) };
  }
  for (const entry of entries) {
    if (entry.seq === seq && (latest?.revision ?? 0) <= entry.revision) latest = entry;
  }
  return latest;
}

interface Numbers {
  readonly unread: number;
  readonly mentions: number;
}

/** How many messages in (`after`, `upTo`] are unread, and mention the user; undefined if not all of them are loaded. */
function loadedUnread(state: State, id: Id, after: number, upTo: number): Numbers | undefined {
  if (after >= upTo) return { unread: 0, mentions: 0 };
  const messages = state.timelines[id]?.messages ?? [];
  const first = messages[0];
  const last = messages[messages.length - 1];
  if (first === undefined || last === undefined || first.seq > after + 1 || last.seq < upTo) return undefined;
  let unread = 0;
  let mentions = 0;
  for (let index = lowerBound(messages, after + 1); index < messages.length; index += 1) {
    const message = messages[index];
    if (message === undefined || message.seq > upTo) break;
    const { isUnread, isMention } = counted(message, state.me?.id);
    if (isUnread) unread += 1;
    if (isMention) mentions += 1;
  }
  return { unread, mentions };
}

/** The user's mark has moved from `before` to the one that the conversation has now. */
export function withReadPast(state: State, id: Id, before: number): State {
  const conversation = state.conversations[id];
  const count = state.counts[id];
  if (conversation === undefined || count === undefined) return state;
  const after = readSeqOf(conversation);
  const entries = count.entries.filter(({ seq }) => seq > after);
  if (after >= conversation.lastSeq) return withCount(state, id, { ...count, entries, number: 0, mentions: 0, isSure: true });
  const read = loadedUnread(state, id, before, after);
  if (read !== undefined) {
    // What is loaded can be older than the server's number.
    const isSure = count.isSure && (state.revisions[id] ?? 0) >= count.revision;
    return withCount(state, id, { ...count, entries, number: count.number - read.unread, mentions: count.mentions - read.mentions, isSure });
  }
  const latest = new Map(entries.map(({ seq, isUnread }) => [seq, isUnread]));
  const others = [...latest.values()].filter((isUnread) => !isUnread).length;
  const number = Math.min(count.number, conversation.lastSeq - after - others);
  return withCount(state, id, { ...count, entries, number, mentions: Math.min(count.mentions, number), isSure: false });
}

/** Numbers of the server's: unread messages past `readSeq`, and those that mention the user, as of a revision of the conversation. */
export interface ServerCount {
  unreadCount: number;
  unreadMentions?: number | undefined;
  readSeq: number;
  revision: number;
  /** The last message that it can contain, if the server said so. */
  lastSeq?: number;
  isExact: boolean;
}

/** Takes in the server's number, if it is for the mark that the conversation has now. Later changes are added to it. */
export function withServerCount(state: State, id: Id, server: ServerCount): State {
  const conversation = state.conversations[id];
  const count = state.counts[id];
  if (conversation === undefined || count === undefined) return state;
  const { revision, isExact } = server;
  const isUseful = revision >= Math.max(count.revision, count.floor) && (isExact || !count.isSure);
  if (server.readSeq !== readSeqOf(conversation) || !isUseful) return state;
  const later = count.entries.filter((entry) => entry.revision > revision);
  const arrived = later.filter((entry) => entry.isFirst && entry.seq > count.lastSeq).map(({ seq }) => seq);
  const lastSeq = server.lastSeq ?? Math.min(conversation.lastSeq, ...arrived.map((seq) => seq - 1));
  // The server counted an earlier version, which nobody here has seen. It was probably as this one is.
  const isUnseen = ({ seq, isFirst }: Entry) => isFirst && seq <= lastSeq;
  const number = later.reduce((sum, entry) => (isUnseen(entry) ? sum : sum + entry.change), server.unreadCount);
  const mentions = later.reduce((sum, entry) => (isUnseen(entry) ? sum : sum + entry.mentionChange), server.unreadMentions ?? count.mentions);
  // The server may also have counted a version between two that were seen here, whose change is still on its way.
  const isBehind = (state.revisions[id] ?? 0) < revision;
  const isOvertaken = (entry: Entry) =>
    isBehind && !entry.isFirst && !later.some(({ seq, revision }) => seq === entry.seq && revision < entry.revision);
  const isSure = isExact ? !later.some((entry) => isUnseen(entry) || isOvertaken(entry)) : later.every(({ change, mentionChange }) => change === 0 && mentionChange === 0);
  return withCount(state, id, { ...count, number, mentions, isSure, revision, lastSeq, isExact });
}

function withCount(state: State, id: Id, count: Count): State {
  return { ...state, counts: { ...state.counts, [id]: { ...count, number: Math.max(0, count.number), mentions: Math.max(0, count.mentions) } } };
}

/** Shows the present numbers. Call this after every change of a conversation, its messages, its mark or its count. */
export function recounted(state: State, id: Id): State {
  const conversation = state.conversations[id];
  const count = state.counts[id];
  if (conversation === undefined || count === undefined) return state;
  const loaded = loadedUnread(state, id, readSeqOf(conversation), conversation.lastSeq);
  const isLoaded = loaded !== undefined;
  const next = isLoaded === count.isLoaded ? state : withCount(state, id, { ...count, isLoaded });
  const { unread: unreadCount, mentions: unreadMentions } = loaded ?? { unread: count.number, mentions: count.mentions };
  if (unreadCount === conversation.unreadCount && unreadMentions === conversation.unreadMentions) return next;
  return { ...next, conversations: { ...next.conversations, [id]: { ...conversation, unreadCount, unreadMentions } } };
}
