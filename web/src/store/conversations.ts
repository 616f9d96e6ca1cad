import { Conversation, Id, Marks, Member } from "../client/types";
import { draftOf, State, titleOf } from "./state";
import { without } from "./tables";

export function withConversation(state: State, incoming: Conversation): State {
  const present = state.conversations[incoming.id];
  const merged = present === undefined ? incoming : merge(present, incoming);
  const next = {
    ...state,
    conversations: { ...state.conversations, [incoming.id]: merged },
    online: withStatuses(state.online, incoming.members),
  };
  return state.revisions[incoming.id] === undefined ? withRevision(next, incoming.id, incoming.revision) : next;
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
  const isAhead = present.lastSeq > incoming.lastSeq;
  const { lastMessage, lastSeq, unreadCount } = isAhead ? present : incoming;
  const members = newer.members.map((member) => {
    const other = present.members.find((candidate) => candidate.user.id === member.user.id);
    return other === undefined ? member : withHigherMarks(member, other);
  });
  const result = { ...newer, members, lastSeq, unreadCount };
  const last = lastMessage ?? present.lastMessage;
  return last === undefined ? result : { ...result, lastMessage: last };
}

function withHigherMarks(member: Member, marks: { deliveredSeq: number; readSeq: number }): Member {
  const readSeq = Math.max(member.readSeq, marks.readSeq);
  const deliveredSeq = Math.max(member.deliveredSeq, marks.deliveredSeq, readSeq);
  if (readSeq === member.readSeq && deliveredSeq === member.deliveredSeq) return member;
  return { ...member, readSeq, deliveredSeq };
}

export function withoutConversation(state: State, id: Id): State {
  const conversation = state.conversations[id];
  return {
    ...state,
    conversations: without(state.conversations, id),
    revisions: without(state.revisions, id),
    timelines: without(state.timelines, id),
    ownRoles: without(state.ownRoles, id),
    // What was not sent stays: its user wrote it.
    titles: conversation !== undefined && hasWords(state, id) ? { ...state.titles, [id]: titleOf(conversation, state.me?.id) } : state.titles,
  };
}

/** Whether the user has written something in a conversation that is not sent. */
function hasWords(state: State, id: Id): boolean {
  const { text, editing } = draftOf(state, id);
  const isHere = ({ conversationId }: { conversationId: Id }) => conversationId === id;
  return text.trim() !== "" || editing !== undefined || state.pending.some(isHere) || Object.values(state.acts).flat().some(isHere);
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
  return isLive ? withRevision(next, id, revision) : next;
}

/** Notes that every change of a conversation up to `revision` has been applied. */
export function withRevision(state: State, id: Id, revision: number): State {
  if ((state.revisions[id] ?? 0) >= revision) return state;
  return { ...state, revisions: { ...state.revisions, [id]: revision } };
}

// Marks

export function ownMarks(state: State, meId: Id, conversationId: Id, seq: number): Marks {
  const member = state.conversations[conversationId]?.members.find((candidate) => candidate.user.id === meId);
  return { conversationId, userId: meId, readSeq: seq, deliveredSeq: Math.max(seq, member?.deliveredSeq ?? 0) };
}

export function withMarks(state: State, marks: Marks): State {
  const conversation = state.conversations[marks.conversationId];
  if (conversation === undefined) return state;
  const members = conversation.members.map((member) =>
    member.user.id === marks.userId ? withHigherMarks(member, marks) : member,
  );
  const unreadCount =
    marks.userId === state.me?.id ? unreadPast(state, conversation, marks.readSeq) : conversation.unreadCount;
  const updated = { ...conversation, members, unreadCount };
  return { ...state, conversations: { ...state.conversations, [conversation.id]: updated } };
}

/** The number of unread messages past `readSeq`: counted if they are loaded, otherwise an upper bound. */
function unreadPast(state: State, conversation: Conversation, readSeq: number): number {
  const past = Math.max(0, conversation.lastSeq - readSeq);
  const messages = state.timelines[conversation.id]?.messages ?? [];
  const first = messages[0];
  const last = messages[messages.length - 1];
  if (first !== undefined && last !== undefined && first.seq <= readSeq + 1 && last.seq >= conversation.lastSeq) {
    return messages.filter((message) => message.seq > readSeq && message.sender.id !== state.me?.id).length;
  }
  return Math.min(conversation.unreadCount, past);
}
