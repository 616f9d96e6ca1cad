import { ServerEvent } from "../client/types";
import { withChange, withConversation, withMarks, withoutConversation, withRevision } from "./conversations";
import { withMessages, withTimeline } from "./messages";
import { State } from "./state";
import { applyReaction } from "./timeline";
import { typingLife, withoutTyping } from "./typing";

/** The state after an event of the server. */
export function reduceEvent(state: State, event: ServerEvent, isLive: boolean, now: number): State {
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
      const taken = withMessages(state, message.conversationId, [message]);
      // Sending ends the typing. A reaction to an older message, or its edit, does not.
      const isSent = event.name === "message:received";
      const next = isSent ? withoutTyping(taken, message.conversationId, message.sender.id) : taken;
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
      // Keep the count of this device: the server may not know yet what was just read here.
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
      const isOwn = userId === state.me?.id && state.ownRoles[conversationId] !== undefined;
      const next = isOwn ? { ...state, ownRoles: { ...state.ownRoles, [conversationId]: role } } : state;
      return withChange(next, conversationId, revision, isLive, (conversation) => ({
        ...conversation,
        members: conversation.members.map((member) => (member.user.id === userId ? { ...member, role } : member)),
      }));
    }
    case "conversation:removed":
      return withoutConversation(state, event.payload.id);
    case "member:joined":
    case "member:left":
    case "user:updated":
    case "user:blocked":
    case "session:revoked":
      return state;
  }
}

/** The end of a mute in milliseconds since 1970; 0 for no mute. */
function endOfMute(until?: string): number {
  return until === undefined ? 0 : Date.parse(until) || Infinity;
}
