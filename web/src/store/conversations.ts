import { Conversation, ConversationSettings, Id, Marks, MarksMoved, Member, SettingsWish } from "../client/types";
import { countOf, readSeqOf, recounted, withReadPast, withServerCount } from "./counts";
import { withMessages } from "./messages";
import { refreshed } from "./people";
import { draftOf, State, titleOf } from "./state";
import { bounded, without } from "./tables";

/** At most so many marks wait for their conversation. */
const mostEarly = 100;

/** After so many later changes, one that is missing is not waited for. */
const mostAhead = 50;

/** Takes in a conversation. `isExact`: its `unreadCount` was taken at its `revision`. Those in events can be later. */
export function withConversation(state: State, incoming: Conversation, isExact = true): State {
  const { lastMessage, ...plain } = incoming;
  const { id, revision, lastSeq, unreadCount, unreadMentions } = plain;
  const present = state.conversations[id];
  const before = present === undefined ? 0 : readSeqOf(present);
  const merged = present === undefined ? plain : merge(present, incoming);
  let next: State = {
    ...state,
    conversations: { ...state.conversations, [id]: merged },
    online: withStatuses(state.online, incoming.members),
    people: refreshed(state.people, incoming.members.map(({ user }) => user)),
  };
  if (present === undefined) {
    next = withoutEarly({ ...next, counts: { ...next.counts, [id]: countOf(incoming, isExact) } }, id);
  } else {
    if (readSeqOf(merged) !== before) next = withReadPast(next, id, before);
    next = withServerCount(next, id, { unreadCount, unreadMentions, readSeq: readSeqOf(incoming), revision, lastSeq, isExact });
  }
  // It can be newer than the rest of the conversation.
  next = withMessages(next, id, lastMessage === undefined ? [] : [lastMessage]);
  return next.revisions[id] === undefined ? withRevision(next, id, revision) : next;
}

/** Applies what has arrived of a conversation before itself. */
function withoutEarly(state: State, id: Id): State {
  const early = state.early[id];
  if (early === undefined) return state;
  const next = { ...state, early: without(state.early, id) };
  return early.marks.reduce(withMarks, withMessages(next, id, early.messages));
}

/** Shows a conversation in the user's list. */
export function withListed(state: State, id: Id): State {
  const unlisted = without(state.unlisted, id);
  return unlisted === state.unlisted ? state : { ...state, unlisted };
}

/** Adds who is online among people of whom nothing is known yet. For the others, live events know better. */
function withStatuses(online: State["online"], members: readonly Member[]): State["online"] {
  const unknown = members.filter(({ user }) => user.status !== undefined && online[user.id] === undefined);
  if (unknown.length === 0) return online;
  return { ...online, ...Object.fromEntries(unknown.map(({ user }) => [user.id, user.status === "online"])) };
}

/** Merges two versions of a conversation. Either can be the older one, so nothing moves back. */
function merge(present: Conversation, incoming: Conversation): Conversation {
  const newer = incoming.revision >= present.revision ? incoming : present;
  const older = newer === present ? incoming : present;
  const members = newer.members.map((member) => {
    const other = older.members.find((candidate) => candidate.user.id === member.user.id);
    return other === undefined ? member : withHigherMarks(member, other);
  });
  const { lastMessage: _, ...rest } = newer;
  const result: Conversation = {
    ...rest,
    members,
    lastSeq: Math.max(present.lastSeq, incoming.lastSeq),
    // These are taken in afterwards.
    unreadCount: present.unreadCount,
    unreadMentions: present.unreadMentions,
    ...(present.lastMessage === undefined ? {} : { lastMessage: present.lastMessage }),
  };
  if (newer.me !== undefined && older.me !== undefined) {
    const me = withHigherMarks(newer.me, older.me);
    result.me = isLater(older.me, newer.me) ? withSettingsOf(me, older.me) : me;
  }
  const isSame = present.revision === incoming.revision;
  if (isSame && newer.others !== undefined && older.others !== undefined) result.others = withHigherMarks(newer.others, older.others);
  return result;
}

function withHigherMarks<T extends Pick<Marks, "deliveredSeq" | "readSeq">>(present: T, marks: Pick<Marks, "deliveredSeq" | "readSeq">): T {
  const readSeq = Math.max(present.readSeq, marks.readSeq);
  const deliveredSeq = Math.max(present.deliveredSeq, marks.deliveredSeq, readSeq);
  if (readSeq === present.readSeq && deliveredSeq === present.deliveredSeq) return present;
  return { ...present, readSeq, deliveredSeq };
}

/** Forgets a conversation that the user is not in any more, or has hidden, and everything that was in it. */
export function withoutConversation(state: State, id: Id): State {
  const conversation = state.conversations[id];
  return {
    ...state,
    conversations: without(state.conversations, id),
    unlisted: { ...state.unlisted, [id]: true },
    counts: without(state.counts, id),
    early: without(state.early, id),
    revisions: without(state.revisions, id),
    ahead: without(state.ahead, id),
    timelines: without(state.timelines, id),
    groupNotices: without(state.groupNotices, id),
    typing: without(state.typing, id),
    kept: Object.fromEntries(Object.entries(state.kept).filter(([, message]) => message.conversationId !== id)),
    // What was not sent stays: its user wrote it.
    titles: conversation !== undefined && hasWords(state, id) ? { ...state.titles, [id]: titleOf(conversation, state.me?.id) } : state.titles,
  };
}

/** Whether the user has written something in a conversation that is not sent. */
function hasWords(state: State, id: Id): boolean {
  const { text, editing, begun } = draftOf(state, id);
  const isHere = ({ conversationId }: { conversationId: Id }) => conversationId === id;
  return text.trim() !== "" || (editing ?? begun) !== undefined || state.pending.some(isHere) || Object.values(state.acts).flat().some(isHere);
}

/** Changes one part of a conversation, unless the change is older than what is known. */
export function withChange(
  state: State,
  id: Id,
  revision: number,
  isLive: boolean,
  change: (conversation: Conversation) => Conversation,
): State {
  const present = state.conversations[id];
  if (present === undefined || revision <= present.revision) return state;
  const changed = { ...change(present), revision };
  const next = { ...state, conversations: { ...state.conversations, [id]: changed } };
  return isLive ? withApplied(next, id, revision) : next;
}

/** Notes that every change of a conversation up to `revision` has been applied. */
export function withRevision(state: State, id: Id, revision: number): State {
  if ((state.revisions[id] ?? 0) >= revision) return state;
  const ahead = state.ahead[id]?.filter((other) => other > revision) ?? [];
  const next = { ...state, revisions: { ...state.revisions, [id]: revision }, ahead: { ...state.ahead, [id]: ahead } };
  // What was applied before its turn follows.
  return ahead.includes(revision + 1) ? withRevision(next, id, revision + 1) : next;
}

/**
 * Notes that the change to `revision` has been applied. Two events can change places; if the connection ended between
 * them, the one that is missing would be lost. A revision that stays missing had no event for this user.
 */
export function withApplied(state: State, id: Id, revision: number): State {
  const applied = state.revisions[id] ?? 0;
  if (revision <= applied) return state;
  if (revision === applied + 1) return withRevision(state, id, revision);
  const ahead = [...new Set([...(state.ahead[id] ?? []), revision])].sort((a, b) => a - b);
  if (ahead.length > mostAhead) return withRevision({ ...state, ahead: { ...state.ahead, [id]: ahead } }, id, ahead[0] ?? revision);
  return { ...state, ahead: { ...state.ahead, [id]: ahead } };
}

// Members

/** Adds a member. The listed ones are the first who joined, so a new one is among them only if all are listed. */
export function withMember(conversation: Conversation, member: Member, memberCount: number): Conversation {
  const others = conversation.members.filter(({ user }) => user.id !== member.user.id);
  const members = others.length + 1 === memberCount && memberCount <= mostListed ? [...others, member] : conversation.members;
  return { ...conversation, members, memberCount };
}

/** A conversation carries at most so many members. */
const mostListed = 50;

export function withoutMember(conversation: Conversation, userId: Id, memberCount: number): Conversation {
  return { ...conversation, members: conversation.members.filter(({ user }) => user.id !== userId), memberCount };
}

// Marks

export function ownMarks(state: State, meId: Id, conversationId: Id, seq: number): Marks {
  const own = state.conversations[conversationId]?.me;
  return { conversationId, userId: meId, readSeq: seq, deliveredSeq: Math.max(seq, own?.deliveredSeq ?? 0) };
}

/** The marks of one event, one by one. */
export function separateMarks({ conversationId, marks, userId, deliveredSeq, readSeq }: MarksMoved): Marks[] {
  if (marks !== undefined) return marks.map((each) => ({ conversationId, ...each }));
  return userId === undefined ? [] : [{ conversationId, userId, deliveredSeq: deliveredSeq ?? 0, readSeq: readSeq ?? 0 }];
}

/** The user's own settings of a conversation; all of them are named. */
export function withSettings(state: State, id: Id, settings: ConversationSettings): State {
  const conversation = state.conversations[id];
  if (conversation?.me === undefined || isLater(conversation.me, settings)) return state;
  const me = withSettingsOf(conversation.me, settings);
  return { ...state, conversations: { ...state.conversations, [id]: { ...conversation, me } } };
}

/** What the user changes of their settings. The version stays: what the server says of the next one holds. */
export function withWish(state: State, id: Id, { mutedUntil, ...wish }: SettingsWish): State {
  const conversation = state.conversations[id];
  if (conversation?.me === undefined) return state;
  const me = { ...conversation.me, ...wish };
  if (mutedUntil === null) delete me.mutedUntil;
  else if (mutedUntil !== undefined) me.mutedUntil = mutedUntil;
  return { ...state, conversations: { ...state.conversations, [id]: { ...conversation, me } } };
}

/** Settings have an order of their own, whatever they come with. A server of an earlier version gives none. */
function isLater(settings: Partial<ConversationSettings>, than: Partial<ConversationSettings>): boolean {
  if (settings.notifications === undefined) return false;
  return than.notifications === undefined || (settings.settingsVersion ?? 0) > (than.settingsVersion ?? 0);
}

function withSettingsOf<T extends ConversationSettings>(me: T, settings: ConversationSettings): T {
  const { mutedUntil: _, ...rest } = me;
  const { notifications, mutedUntil, pinned, archived, markedUnread, settingsVersion } = settings;
  return { ...rest, notifications, pinned, archived, markedUnread, settingsVersion, ...(mutedUntil === undefined ? {} : { mutedUntil }) } as T;
}

export function withMarks(state: State, marks: Marks): State {
  const { conversationId: id, userId } = marks;
  const conversation = state.conversations[id];
  if (conversation === undefined) {
    const early = state.early[id] ?? { messages: [], marks: [] };
    return { ...state, early: bounded({ ...state.early, [id]: { ...early, marks: [...early.marks, marks].slice(-mostEarly) } }, mostEarly) };
  }
  const members = conversation.members.map((member) => (member.user.id === userId ? withHigherMarks(member, marks) : member));
  const updated = { ...conversation, members };
  if (userId === state.me?.id && conversation.me !== undefined) updated.me = withHigherMarks(conversation.me, marks);
  const next = { ...state, conversations: { ...state.conversations, [id]: updated } };
  return readSeqOf(updated) === readSeqOf(conversation) ? next : recounted(withReadPast(next, id, readSeqOf(conversation)), id);
}
