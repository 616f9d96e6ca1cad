import { ConversationSettings, Id, SyncAnswer } from "../client/types";
import { Action } from "./actions";
import { withAct, withoutAct, withTarget } from "./acts";
import { ownMarks, withConversation, withListed, withMarks, withSettings, withoutConversation, withRevision, withWish } from "./conversations";
import { recounted, withServerCount } from "./counts";
import { reduceEvent } from "./events";
import { withKept, withMessages, withPage, withPending, withTimeline } from "./messages";
import { mergedNotices } from "./notices";
import { refreshed, withPeople, withUser } from "./people";
import { draftOf, initialState, State, timeOf } from "./state";
import { bounded, without } from "./tables";
import { unexpired } from "./typing";

/** So many of the user's own files are shown as they were sent. */
export const mostPreviews = 60;

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
      return { ...state, me: action.user };
    case "people":
      return action.isNew ? withPeople(state, action.users) : { ...state, people: refreshed(state.people, action.users) };
    case "connection":
      // Without a connection nobody knows who is typing, and, once it stays away, who is online.
      return {
        ...state,
        connection: action.status,
        isAway: action.status !== "online" && (state.isAway || action.status === "waiting" || action.status === "lost"),
        typing: action.status === "online" ? state.typing : {},
        online: action.status === "waiting" || action.status === "lost" ? {} : state.online,
      };
    case "conversations":
      return {
        ...action.conversations.reduce((next, conversation) => withConversation(withListed(next, conversation.id), conversation), state),
        isListLoaded: state.isListLoaded || action.isComplete,
      };
    case "conversation": {
      const next = withConversation(state, action.conversation);
      const { id } = action.conversation;
      if (action.isListed) return withListed(next, id);
      // Before the list is there, nobody knows whether it belongs there.
      const isNew = state.conversations[id] === undefined && (action.conversation.kind === "direct" || !state.isListLoaded);
      return isNew ? { ...next, unlisted: { ...next.unlisted, [id]: true } } : next;
    }
    case "settingsWished":
      return withWish(state, action.conversationId, action.wish);
    case "conversationGone":
      return withoutConversation(state, action.id);
    case "event":
      return reduceEvent(state, action.event, action.isLive, action.now);
    case "synced":
      return synced(state, action.answer, action.known);
    case "caughtUp":
      return withRevision(state, action.conversationId, action.revision);
    case "messages":
      return withMessages(state, action.conversationId, action.messages);
    case "loadStarted":
      return withTimeline(state, action.conversationId, (timeline) => ({ ...timeline, loading: action.kind, isBroken: false }));
    case "loadFailed":
      return withTimeline(state, action.conversationId, (timeline) => ({ ...timeline, loading: undefined, isBroken: true }));
    case "pageLoaded":
      return withPage(state, action.conversationId, action.page, action.messages);
    case "groupNotices": {
      const { conversationId: id, notices, from, to } = action;
      return { ...state, groupNotices: { ...state.groupNotices, [id]: mergedNotices(state.groupNotices[id] ?? [], notices, from, to) } };
    }
    case "readHere":
      return state.me === undefined ? state : withMarks(state, ownMarks(state, state.me.id, action.conversationId, action.seq));
    case "kept":
      return withKept(state, action.messages);
    case "keptDropped":
      return { ...state, kept: Object.fromEntries(Object.entries(state.kept).filter(([, message]) => message.conversationId !== action.conversationId)) };
    case "typingExpired":
      return { ...state, typing: unexpired(state.typing, action.now) };
    case "pendingAdded":
      return withPending(state, action.pending);
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
      const changed = { ...task, ...action.changes };
      const { upload, preview, width, duration } = changed;
      // What the browser could not measure it cannot show either.
      const isShown = preview !== undefined && (width ?? duration) !== undefined;
      const isNew = upload !== undefined && isShown && state.previews[upload.id] !== preview;
      const previews = isNew ? { [upload.id]: preview } : {};
      return {
        ...state,
        uploads: { ...state.uploads, [action.id]: changed },
        previews: bounded({ ...state.previews, ...previews }, mostPreviews),
      };
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

/** Of others' marks, and those of a server of an earlier version, there are none. */
function isOfSettings(marks: Partial<ConversationSettings>): marks is ConversationSettings {
  return marks.notifications !== undefined;
}

/** `known` are the revisions that were asked from. */
function synced(state: State, answer: SyncAnswer, known: Readonly<Record<Id, number>>): State {
  let next = answer.removed.reduce(withoutConversation, state);
  for (const { id, revision, conversation, messages, more } of answer.conversations) {
    if (conversation !== undefined) next = withConversation(withListed(next, id), conversation);
    next = withMessages(next, id, messages);
    // If messages are held, the rest of their changes is still to be fetched. If none are, nothing can be stale.
    if (!more) next = withRevision(next, id, revision);
    else if (conversation !== undefined && !isHolding(next, id)) next = withRevision(next, id, conversation.revision);
  }
  for (const { unreadCount, unreadMentions, ...marks } of answer.marks) {
    next = withMarks(next, marks);
    const { conversationId: id, readSeq } = marks;
    if (isOfSettings(marks)) next = withSettings(next, id, marks);
    const present = next.conversations[id];
    if (unreadCount === undefined || present === undefined) continue;
    // The server counts before it looks for changes. If it found none, nothing had changed when it counted.
    const isExact = known[id] !== undefined && !answer.conversations.some((changed) => changed.id === id);
    const revision = isExact ? known[id] ?? 0 : next.counts[id]?.revision ?? 0;
    next = recounted(withServerCount(next, id, { unreadCount, unreadMentions, readSeq, revision, isExact }), id);
  }
  return answer.users.reduce(withUser, next);
}

/** Whether the page holds messages of a conversation that can change. */
export function isHolding(state: State, id: Id): boolean {
  const { replyTo, editing } = draftOf(state, id);
  const isShown = state.timelines[id] !== undefined || replyTo !== undefined || editing !== undefined;
  return isShown || Object.values(state.kept).some(({ conversationId }) => conversationId === id);
}
