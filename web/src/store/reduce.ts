import { ConnectionStatus } from "../client/connection";
import { Conversation, Id, Marks, Member, Message, ServerEvent, SyncAnswer, User } from "../client/types";
import { Draft, initialState, Notice, PendingMessage, State, UploadTask } from "./state";
import { applyMessages, applyPage, applyReaction, emptyTimeline, PageKind, Timeline } from "./timeline";

export type Action =
  | { type: "signedIn"; user: User }
  | { type: "signedOut" }
  | { type: "blocked"; ids: readonly Id[] }
  | { type: "meChanged"; user: User }
  | { type: "connection"; status: ConnectionStatus }
  | { type: "conversations"; conversations: readonly Conversation[]; isComplete: boolean }
  | { type: "conversation"; conversation: Conversation }
  | { type: "conversationGone"; id: Id }
  /** `isLive`: the connection has synced, so that events alone keep the state complete. */
  | { type: "event"; event: ServerEvent; isLive: boolean; now: number }
  | { type: "synced"; answer: SyncAnswer }
  /** All changes up to `revision` have been applied. */
  | { type: "caughtUp"; conversationId: Id; revision: number }
  | { type: "messages"; conversationId: Id; messages: readonly Message[] }
  | { type: "loadStarted"; conversationId: Id; kind: PageKind["kind"] }
  | { type: "loadFailed"; conversationId: Id }
  | { type: "pageLoaded"; conversationId: Id; page: PageKind; messages: readonly Message[] }
  | { type: "readHere"; conversationId: Id; seq: number }
  | { type: "quoted"; message: Message }
  | { type: "typingExpired"; now: number }
  | { type: "pendingAdded"; pending: PendingMessage }
  | { type: "pendingChanged"; clientId: string; changes: Partial<PendingMessage> }
  | { type: "pendingRemoved"; clientId: string }
  | { type: "uploadAdded"; task: UploadTask }
  | { type: "uploadChanged"; id: string; changes: Partial<UploadTask> }
  | { type: "uploadRemoved"; id: string }
  | { type: "draftChanged"; conversationId: Id; draft: Draft }
  | { type: "noticeAdded"; notice: Notice }
  | { type: "noticeRemoved"; id: number };

/** How long a typing mark stands when its end never comes, in milliseconds. */
const typingLife = 7_000;

export function reduce(state: State, action: Action): State {
  switch (action.type) {
    case "signedIn":
      return { ...state, phase: "signedIn", me: action.user };
    case "signedOut":
      return { ...initialState, phase: "signedOut" };
    case "blocked":
      return { ...state, blocked: Object.fromEntries(action.ids.map((id) => [id, true])) };
    case "meChanged":
      return { ...state, me: { ...state.me, ...action.user } };
    case "connection":
      // Who types and, once the connection stays away, who is there is known again when it is back.
      return {
        ...state,
        connection: action.status,
        typing: action.status === "online" ? state.typing : {},
        online: action.status === "waiting" ? {} : state.online,
      };
    case "conversations":
      return {
        ...action.conversations.reduce(withConversation, state),
        isListLoaded: state.isListLoaded || action.isComplete,
      };
    case "conversation":
      return withConversation(state, action.conversation);
    case "conversationGone":
      return withoutConversation(state, action.id);
    case "event":
      return reduceEvent(state, action.event, action.isLive, action.now);
    case "synced":
      return synced(state, action.answer);
    case "caughtUp":
      return withRevision(state, action.conversationId, action.revision);
    case "messages":
      return withMessages(state, action.conversationId, action.messages);
    case "loadStarted":
      return withTimeline(state, action.conversationId, (timeline) => ({ ...timeline, loading: action.kind, isBroken: false }));
    case "loadFailed":
      return withTimeline(state, action.conversationId, (timeline) => ({ ...timeline, loading: undefined, isBroken: true }));
    case "pageLoaded": {
      const next = withTimeline(state, action.conversationId, (timeline) => applyPage(timeline, action.page, action.messages));
      return withoutArrived(next, action.messages);
    }
    case "readHere":
      return state.me === undefined ? state : withMarks(state, ownMarks(state, state.me.id, action.conversationId, action.seq));
    case "quoted":
      return { ...state, quoted: { ...state.quoted, [action.message.id]: action.message } };
    case "typingExpired":
      return { ...state, typing: unexpired(state.typing, action.now) };
    case "pendingAdded":
      return { ...state, pending: [...state.pending, action.pending] };
    case "pendingChanged":
      return {
        ...state,
        pending: state.pending.map((pending) =>
          pending.clientId === action.clientId ? { ...pending, ...action.changes } : pending,
        ),
      };
    case "pendingRemoved":
      return { ...state, pending: state.pending.filter((pending) => pending.clientId !== action.clientId) };
    case "uploadAdded":
      return { ...state, uploads: { ...state.uploads, [action.task.id]: action.task } };
    case "uploadChanged": {
      const task = state.uploads[action.id];
      if (task === undefined) return state;
      return { ...state, uploads: { ...state.uploads, [action.id]: { ...task, ...action.changes } } };
    }
    case "uploadRemoved":
      return { ...state, uploads: without(state.uploads, action.id) };
    case "draftChanged":
      return { ...state, drafts: { ...state.drafts, [action.conversationId]: action.draft } };
    case "noticeAdded":
      return { ...state, notices: [...state.notices.slice(-2), action.notice] };
    case "noticeRemoved":
      return { ...state, notices: state.notices.filter((notice) => notice.id !== action.id) };
  }
}

/** As time; 0 for no mute. */
function endOfMute(until?: string): number {
  return until === undefined ? 0 : Date.parse(until) || Infinity;
}

function reduceEvent(state: State, event: ServerEvent, isLive: boolean, now: number): State {
  switch (event.name) {
    case "ready":
      return {
        ...state,
        me: { ...state.me, ...event.payload.user },
        mutedUntil: endOfMute(event.payload.user.mutedUntil),
        online: Object.fromEntries(event.payload.online.map((id) => [id, true])),
      };
    case "message:received":
    case "message:updated":
    case "message:deleted": {
      const message = event.payload;
      const next = withoutTyping(withMessages(state, message.conversationId, [message]), message.conversationId, message.sender.id);
      return isLive ? withRevision(next, message.conversationId, message.revision) : next;
    }
    case "message:reactions": {
      const { conversationId, revision } = event.payload;
      const isHeld = state.timelines[conversationId] !== undefined;
      const next = isHeld ? withTimeline(state, conversationId, (timeline) => applyReaction(timeline, event.payload)) : state;
      return isLive ? withRevision(next, conversationId, revision) : next;
    }
    case "message:status":
      return withMarks(state, event.payload);
    case "user:status": {
      const { userId, status, lastSeenAt } = event.payload;
      return {
        ...state,
        online: { ...state.online, [userId]: status === "online" },
        lastSeen: lastSeenAt === undefined ? state.lastSeen : { ...state.lastSeen, [userId]: lastSeenAt },
      };
    }
    case "typing": {
      const { conversationId, userId, active } = event.payload;
      if (!active || state.blocked[userId] === true) return withoutTyping(state, conversationId, userId);
      const typing = { ...state.typing[conversationId], [userId]: now + typingLife };
      return { ...state, typing: { ...state.typing, [conversationId]: typing } };
    }
    case "user:muted":
      return { ...state, mutedUntil: endOfMute(event.payload.until) };
    case "conversation:created":
      return withConversation(state, event.payload);
    case "conversation:updated": {
      // One frame goes to all members, so that its unread count is nobody's.
      const present = state.conversations[event.payload.id];
      if (present === undefined) return state;
      const next = withConversation(state, { ...event.payload, unreadCount: present.unreadCount });
      return isLive ? withRevision(next, present.id, event.payload.revision) : next;
    }
    case "conversation:renamed": {
      const { id, title, revision } = event.payload;
      return withChange(state, id, revision, isLive, (conversation) => ({ ...conversation, title }));
    }
    case "member:updated": {
      const { conversationId, userId, role, revision } = event.payload;
      return withChange(state, conversationId, revision, isLive, (conversation) => ({
        ...conversation,
        members: conversation.members.map((member) => (member.user.id === userId ? { ...member, role } : member)),
      }));
    }
    case "conversation:removed":
      return withoutConversation(state, event.payload.id);
    case "member:joined":
    case "member:left":
    case "user:blocked":
    case "session:revoked":
      return state;
  }
}

/** A part of a conversation that changed by itself; older ones than what is known say nothing new. */
function withChange(
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

function synced(state: State, answer: SyncAnswer): State {
  let next = answer.removed.reduce(withoutConversation, state);
  for (const { id, revision, conversation, messages, more } of answer.conversations) {
    if (conversation !== undefined) next = withConversation(next, conversation);
    next = withMessages(next, id, messages);
    // Where messages are held, the rest of their changes is still to be fetched; where none are, nothing can be stale.
    if (!more || next.timelines[id] === undefined) next = withRevision(next, id, revision);
  }
  return next;
}

function withConversation(state: State, incoming: Conversation): State {
  const present = state.conversations[incoming.id];
  const merged = present === undefined ? incoming : merge(present, incoming);
  const next = {
    ...state,
    conversations: { ...state.conversations, [incoming.id]: merged },
    online: withStatuses(state.online, incoming.members),
  };
  return state.revisions[incoming.id] === undefined ? withRevision(next, incoming.id, incoming.revision) : next;
}

/** Whether they are there, of people of whom nothing is known yet: live events know better about the others. */
function withStatuses(online: State["online"], members: readonly Member[]): State["online"] {
  const unknown = members.filter(({ user }) => user.status !== undefined && online[user.id] === undefined);
  if (unknown.length === 0) return online;
  return { ...online, ...Object.fromEntries(unknown.map(({ user }) => [user.id, user.status === "online"])) };
}

/** Two pictures of one conversation, of which either can be the older one: nothing moves back. */
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

function withoutConversation(state: State, id: Id): State {
  return {
    ...state,
    conversations: without(state.conversations, id),
    revisions: without(state.revisions, id),
    timelines: without(state.timelines, id),
    pending: state.pending.filter((pending) => pending.conversationId !== id),
  };
}

function withMessages(state: State, conversationId: Id, messages: readonly Message[]): State {
  if (messages.length === 0) return state;
  let next = state;
  if (state.timelines[conversationId] !== undefined) {
    next = withTimeline(next, conversationId, (timeline) => applyMessages(timeline, messages));
  }
  const conversation = state.conversations[conversationId];
  if (conversation !== undefined) {
    const updated = messages.reduce((current, message) => withLastMessage(current, message, state.me?.id), conversation);
    if (updated !== conversation) next = { ...next, conversations: { ...next.conversations, [conversationId]: updated } };
  }
  return withoutArrived(next, messages);
}

/** What the server has is not pending any more, by whatever way that became known: it would stand in the list twice. */
function withoutArrived(state: State, messages: readonly Message[]): State {
  const arrived = new Set(messages.map((message) => message.clientId));
  if (!state.pending.some((pending) => arrived.has(pending.clientId))) return state;
  return { ...state, pending: state.pending.filter((pending) => !arrived.has(pending.clientId)) };
}

function withLastMessage(conversation: Conversation, message: Message, meId: Id | undefined): Conversation {
  const last = conversation.lastMessage;
  if (message.seq > conversation.lastSeq) {
    const next = { ...conversation, lastSeq: message.seq, lastMessage: message };
    if (message.sender.id !== meId) next.unreadCount += 1;
    // Whoever writes has accepted.
    else delete next.invitation;
    return next;
  }
  if (last?.id === message.id && message.revision > last.revision) return { ...conversation, lastMessage: message };
  return conversation;
}

function withRevision(state: State, id: Id, revision: number): State {
  if ((state.revisions[id] ?? 0) >= revision) return state;
  return { ...state, revisions: { ...state.revisions, [id]: revision } };
}

function withTimeline(state: State, id: Id, change: (timeline: Timeline) => Timeline): State {
  const timeline = state.timelines[id] ?? emptyTimeline;
  const changed = change(timeline);
  return changed === timeline ? state : { ...state, timelines: { ...state.timelines, [id]: changed } };
}

function ownMarks(state: State, meId: Id, conversationId: Id, seq: number): Marks {
  const member = state.conversations[conversationId]?.members.find((candidate) => candidate.user.id === meId);
  return { conversationId, userId: meId, readSeq: seq, deliveredSeq: Math.max(seq, member?.deliveredSeq ?? 0) };
}

function withMarks(state: State, marks: Marks): State {
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

/** The unread messages past `readSeq`: counted where they are held, otherwise bounded by what is known. */
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

function withoutTyping(state: State, conversationId: Id, userId: Id): State {
  const typing = state.typing[conversationId];
  if (typing?.[userId] === undefined) return state;
  return { ...state, typing: { ...state.typing, [conversationId]: without(typing, userId) } };
}

function unexpired(typing: State["typing"], now: number): State["typing"] {
  const result: Record<Id, Record<Id, number>> = {};
  for (const [id, users] of Object.entries(typing)) {
    const left = Object.entries(users).filter(([, until]) => until > now);
    if (left.length > 0) result[id] = Object.fromEntries(left);
  }
  return result;
}

function without<T>(table: Readonly<Record<string, T>>, key: string): Readonly<Record<string, T>> {
  if (!(key in table)) return table;
  const { [key]: _, ...rest } = table;
  return rest;
}
