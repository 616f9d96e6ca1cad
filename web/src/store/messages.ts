import { Conversation, Id, Message } from "../client/types";
import { recounted, withCounted } from "./counts";
import { Draft, PendingMessage, State } from "./state";
import { applyMessages, applyPage, emptyTimeline, newest, PageKind, Timeline } from "./timeline";
import { bounded } from "./tables";

/** At most so many messages are kept outside of timelines. Views that still need a dropped one fetch it again. */
const mostKept = 2_000;

/** At most so many messages wait for their conversation. */
const mostEarly = 50;

/**
 * Takes in messages. This is the only way for a message into the state, and it reaches every copy: the timeline, the last
 * message of the conversation, the unread count, quoted and found messages, and those that a draft answers or edits.
 */
export function withMessages(state: State, conversationId: Id, arrived: readonly Message[]): State {
  const messages = withKnownChanges(state, arrived);
  return takenIn(state, conversationId, messages, (timeline) => applyMessages(timeline, messages), isChanged);
}

/** Takes in a page of the history. */
export function withPage(state: State, conversationId: Id, page: PageKind, loaded: readonly Message[]): State {
  const messages = withKnownChanges(state, loaded);
  const opened = withTimeline(state, conversationId, (timeline) => timeline);
  return takenIn(opened, conversationId, messages, (timeline) => applyPage(timeline, page, messages), () => false);
}

/** What has changed since an answer was asked for stays changed. */
function withKnownChanges({ kept }: State, messages: readonly Message[]): readonly Message[] {
  return messages.map((message) => newest(message, kept[message.id]));
}

/** A message that changed is kept: an answer that is under way may bring it as it was before. */
function isChanged({ editedAt, deletedAt }: Message): boolean {
  return editedAt !== undefined || deletedAt !== undefined;
}

function takenIn(
  state: State,
  id: Id,
  messages: readonly Message[],
  change: (timeline: Timeline) => Timeline,
  isToKeep: (message: Message) => boolean,
): State {
  let next = state.conversations[id] === undefined ? withEarly(state, id, messages) : messages.reduce(withCounted, state);
  if (state.timelines[id] !== undefined) next = withTimeline(next, id, change);
  const conversation = next.conversations[id];
  if (conversation !== undefined) {
    const updated = messages.reduce((current, message) => withLastMessage(current, message, state.me?.id), conversation);
    if (updated !== conversation) next = { ...next, conversations: { ...next.conversations, [id]: updated } };
  }
  next = withKept(next, messages.filter((message) => next.kept[message.id] !== undefined || isToKeep(message)));
  return recounted(withoutArrived(withDrafts(next, id, messages), messages), id);
}

/** Removes pending messages that the server has; otherwise the list would show them twice. */
function withoutArrived(state: State, messages: readonly Message[]): State {
  const arrived = new Set(messages.map((message) => message.clientId));
  if (!state.pending.some((pending) => arrived.has(pending.clientId))) return state;
  return { ...state, pending: state.pending.filter((pending) => !arrived.has(pending.clientId)) };
}

/** Takes in a message that its user has written, unless the history has it: a page that is closed may have sent it. */
export function withPending(state: State, pending: PendingMessage): State {
  const { messages, held } = state.timelines[pending.conversationId] ?? emptyTimeline;
  const hasArrived = [messages, held].some((those) => those.some(({ clientId }) => clientId === pending.clientId));
  return hasArrived ? state : { ...state, pending: [...state.pending, pending] };
}

function withLastMessage(conversation: Conversation, message: Message, meId: Id | undefined): Conversation {
  const { lastMessage: last, lastSeq } = conversation;
  const isNewer = last === undefined || message.seq > last.seq || (message.seq === last.seq && message.revision > last.revision);
  if (!isNewer) return isRenamed(last, message) ? { ...conversation, lastMessage: { ...last, sender: message.sender } } : conversation;
  const next = { ...conversation, lastSeq: Math.max(lastSeq, message.seq), lastMessage: message };
  // Writing accepts the invitation.
  if (message.seq > lastSeq && message.sender.id === meId) delete next.invitation;
  return next;
}

/** Whether this is the same version of a message by a person who has another name. A name has no revision: the later answer has it. */
function isRenamed(last: Message, { id, revision, sender }: Message): boolean {
  const { username, displayName } = last.sender;
  return last.id === id && last.revision === revision && (username !== sender.username || displayName !== sender.displayName);
}

/** Keeps messages for views outside of timelines. The newest version of each wins. */
export function withKept(state: State, messages: readonly Message[]): State {
  const newer = messages.filter(({ id, revision }) => (state.kept[id]?.revision ?? 0) <= revision);
  if (newer.length === 0) return state;
  return { ...state, kept: bounded({ ...state.kept, ...Object.fromEntries(newer.map((message) => [message.id, message])) }, mostKept) };
}

/** Updates the messages that a draft answers or edits. */
function withDrafts(state: State, id: Id, messages: readonly Message[]): State {
  const draft = state.drafts[id];
  if (draft === undefined) return state;
  let updated = withReply(draft, (message) => messages.find((other) => other.id === message.id && other.revision > message.revision) ?? message);
  const { editing } = draft;
  const edited = messages.find((message) => message.id === editing?.target);
  // What its author is writing stays.
  if (editing !== undefined && edited !== undefined && (edited.text !== "" || edited.deletedAt !== undefined)) {
    updated = { ...updated, editing: { ...editing, summary: edited.text } };
  }
  return updated === draft ? state : { ...state, drafts: { ...state.drafts, [id]: updated } };
}

/** A draft with another version of the message that it answers; the same draft if there is none. */
function withReply(draft: Draft, change: (message: Message) => Message): Draft {
  const { replyTo } = draft;
  const changed = replyTo === undefined ? undefined : change(replyTo);
  return changed === replyTo || changed === undefined ? draft : { ...draft, replyTo: changed };
}

function withEarly(state: State, id: Id, messages: readonly Message[]): State {
  const early = state.early[id] ?? { messages: [], marks: [] };
  return { ...state, early: bounded({ ...state.early, [id]: { ...early, messages: [...early.messages, ...messages].slice(-mostEarly) } }, mostEarly) };
}

export function withTimeline(state: State, id: Id, change: (timeline: Timeline) => Timeline): State {
  const timeline = state.timelines[id] ?? emptyTimeline;
  const changed = change(timeline);
  return changed === state.timelines[id] ? state : { ...state, timelines: { ...state.timelines, [id]: changed } };
}
