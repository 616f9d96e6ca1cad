import { SyncAnswer } from "../client/types";
import { Action } from "./actions";
import { withAct, withoutAct, withTarget } from "./acts";
import { ownMarks, withConversation, withMarks, withoutConversation, withRevision } from "./conversations";
import { reduceEvent } from "./events";
import { withMessages, withoutArrived, withTimeline } from "./messages";
import { initialState, State, timeOf } from "./state";
import { without } from "./tables";
import { applyPage } from "./timeline";
import { unexpired } from "./typing";

/** The state after an action. */
export function reduce(state: State, action: Action): State {
  switch (action.type) {
    case "signedIn":
      return { ...state, phase: "signedIn", me: action.user, ending: undefined };
    case "signedOut":
      return { ...initialState, ...timeOf(state.now), phase: "signedOut", ending: action.ending };
    case "clock":
      return { ...state, ...timeOf(action.now) };
    case "blocked":
      return { ...state, blocked: Object.fromEntries(action.ids.map((id) => [id, true])) };
    case "meChanged":
      return { ...state, me: { ...state.me, ...action.user } };
    case "ownRole":
      return { ...state, ownRoles: { ...state.ownRoles, [action.conversationId]: action.role } };
    case "connection":
      // Without a connection nobody knows who is typing, and, once it stays away, who is online.
      return {
        ...state,
        connection: action.status,
        typing: action.status === "online" ? state.typing : {},
        online: action.status === "waiting" || action.status === "lost" ? {} : state.online,
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
    case "actChanged":
      return withAct(state, action.act);
    case "actRemoved":
      return withoutAct(state, action.act);
    case "actsMoved":
      return withTarget(state, action.clientId, action.target);
    case "titleKept":
      return { ...state, titles: { ...state.titles, [action.conversationId]: action.title } };
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

function synced(state: State, answer: SyncAnswer): State {
  let next = answer.removed.reduce(withoutConversation, state);
  for (const { id, revision, conversation, messages, more } of answer.conversations) {
    if (conversation !== undefined) next = withConversation(next, conversation);
    next = withMessages(next, id, messages);
    // If messages are loaded, the rest of their changes is still to be fetched. If none are, nothing can be stale.
    if (!more || next.timelines[id] === undefined) next = withRevision(next, id, revision);
  }
  return next;
}
