import { Conversation, Id, Message } from "../client/types";
import { State } from "./state";
import { applyMessages, emptyTimeline, Timeline } from "./timeline";

/** Takes in messages: those of a loaded timeline, and the last one of the conversation. */
export function withMessages(state: State, conversationId: Id, messages: readonly Message[]): State {
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

/** Removes pending messages that the server has; otherwise the list would show them twice. */
export function withoutArrived(state: State, messages: readonly Message[]): State {
  const arrived = new Set(messages.map((message) => message.clientId));
  if (!state.pending.some((pending) => arrived.has(pending.clientId))) return state;
  return { ...state, pending: state.pending.filter((pending) => !arrived.has(pending.clientId)) };
}

function withLastMessage(conversation: Conversation, message: Message, meId: Id | undefined): Conversation {
  const last = conversation.lastMessage;
  if (message.seq > conversation.lastSeq) {
    const next = { ...conversation, lastSeq: message.seq, lastMessage: message };
    if (message.sender.id !== meId) next.unreadCount += 1;
    // Writing accepts the invitation.
    else delete next.invitation;
    return next;
  }
  if (last?.id === message.id && message.revision > last.revision) return { ...conversation, lastMessage: message };
  return conversation;
}

export function withTimeline(state: State, id: Id, change: (timeline: Timeline) => Timeline): State {
  const timeline = state.timelines[id] ?? emptyTimeline;
  const changed = change(timeline);
  return changed === timeline ? state : { ...state, timelines: { ...state.timelines, [id]: changed } };
}
