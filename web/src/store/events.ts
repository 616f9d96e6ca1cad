import { ServerEvent } from "../client/types";
import { withApplied, withChange, withConversation, separateMarks, withListed, withMarks, withMember, withSettings, withoutConversation, withoutMember } from "./conversations";
import { withMessages, withTimeline } from "./messages";
import { withUser } from "./people";
import { State } from "./state";
import { applyReaction } from "./timeline";
import { typingLife, withoutTyping } from "./typing";

/** The state after an event of the server. */
export function reduceEvent(state: State, event: ServerEvent, isLive: boolean, now: number): State {
  switch (event.name) {
    case "ready":
      return {
        ...state,
        me: event.payload.user,
        mutedUntil: endOfMute(event.payload.user.mutedUntil),
        online: Object.fromEntries(event.payload.online.map((id) => [id, true])),
      };
    case "message:received":
    case "message:updated":
    case "message:deleted": {
      const message = event.payload;
      const taken = withMessages(state, message.conversationId, [message]);
      // Sending ends the typing. A reaction to an older message, or its edit, does not.
      const isSent = event.name === "message:received";
      const next = isSent ? withoutTyping(taken, message.conversationId, message.sender.id) : taken;
      return isLive ? withApplied(next, message.conversationId, message.revision) : next;
    }
    case "message:reactions": {
      const { conversationId, revision } = event.payload;
      const isHeld = state.timelines[conversationId] !== undefined;
      const next = isHeld ? withTimeline(state, conversationId, (timeline) => applyReaction(timeline, event.payload)) : state;
      return isLive ? withApplied(next, conversationId, revision) : next;
    }
    case "message:status":
      return separateMarks(event.payload).reduce(withMarks, state);
    case "user:status": {
      const { userId, status, lastSeenAt } = event.payload;
      return {
        ...state,
        online: { ...state.online, [userId]: status === "online" },
        lastSeen: lastSeenAt === undefined ? state.lastSeen : { ...state.lastSeen, [userId]: lastSeenAt },
      };
    }
    case "user:updated":
      return withUser(state, event.payload);
    case "typing": {
      const { conversationId, userId, active, user } = event.payload;
      if (!active || state.blocked[userId] === true) return withoutTyping(state, conversationId, userId);
      const typist = { until: now + typingLife, user };
      return { ...state, typing: { ...state.typing, [conversationId]: { ...state.typing[conversationId], [userId]: typist } } };
    }
    case "user:muted":
      return { ...state, mutedUntil: endOfMute(event.payload.until) };
    case "conversation:created":
      return withConversation(withListed(state, event.payload.id), event.payload, false);
    case "conversation:updated": {
      const { id, revision } = event.payload;
      if (state.conversations[id] === undefined) return state;
      const next = withConversation(state, event.payload, false);
      return isLive ? withApplied(next, id, revision) : next;
    }
    case "conversation:renamed": {
      const { id, title, revision } = event.payload;
      return withChange(state, id, revision, isLive, (conversation) => ({ ...conversation, title }));
    }
    case "member:updated": {
      const { conversationId, userId, role, revision } = event.payload;
      return withChange(state, conversationId, revision, isLive, ({ me, members, ...rest }) => ({
        ...rest,
        members: members.map((member) => (member.user.id === userId ? { ...member, role } : member)),
        ...(me === undefined ? {} : { me: userId === state.me?.id ? { ...me, role } : me }),
      }));
    }
    case "member:joined": {
      const { conversationId, member, memberCount, revision } = event.payload;
      return withChange(state, conversationId, revision, isLive, (conversation) => withMember(conversation, member, memberCount));
    }
    case "member:left": {
      const { conversationId, userId, memberCount, revision } = event.payload;
      return withChange(withoutTyping(state, conversationId, userId), conversationId, revision, isLive, (conversation) =>
        withoutMember(conversation, userId, memberCount),
      );
    }
    case "conversation:removed":
      return withoutConversation(state, event.payload.id);
    case "user:settings":
      return withSettings(state, event.payload.conversationId, event.payload);
    case "user:blocked":
    case "session:revoked":
      return state;
  }
}

/** The end of a mute in milliseconds since 1970; 0 for no mute. */
function endOfMute(until?: string): number {
  return until === undefined ? 0 : Date.parse(until) || Infinity;
}
