import assert from "node:assert/strict";
import { test } from "node:test";
import { Message, ReactionChange, ServerEvent } from "../src/client/types";
import { Action } from "../src/store/actions";
import { reduce } from "../src/store/reduce";
import { initialState, PendingMessage, State, statusOf, unreadIn } from "../src/store/state";
import { ana, bo, conversation, message, messages } from "./support";

const run = (state: State, ...actions: Action[]) => actions.reduce(reduce, state);
const signedIn = run(initialState, { type: "signedIn", user: ana }, { type: "conversations", conversations: [conversation()], isComplete: true });
const live = (event: ServerEvent): Action => ({ type: "event", event, isLive: true, now: 0 });
const received = (received: Message): Action => live({ name: "message:received", payload: received });
const mine = { id: "ana", username: "ana", displayName: "Ana" };
const pending: PendingMessage = { clientId: "x", conversationId: "c", text: "hi", uploads: [], createdAt: "2026-01-01T00:00:00.000Z", state: "sending" };

test("another's message is counted as unread once, however often it arrives", () => {
  const state = run(signedIn, received(message(1)), received(message(1)), received(message(2)));
  assert.equal(state.conversations["c"]?.unreadCount, 2);
  assert.equal(state.conversations["c"]?.lastMessage?.seq, 2);
});

test("the user's own message is not unread, and its pending message goes", () => {
  const state = run(signedIn, { type: "pendingAdded", pending }, received(message(1, { sender: mine, clientId: "x" })));
  assert.equal(state.conversations["c"]?.unreadCount, 0);
  assert.deepEqual(state.pending, []);
});

test("a message that comes with a page of the history is no longer pending", () => {
  const state = run(
    signedIn,
    { type: "pendingAdded", pending },
    { type: "loadStarted", conversationId: "c", kind: "window" },
    { type: "pageLoaded", conversationId: "c", page: { kind: "window", atStart: true }, messages: [message(1, { sender: mine, clientId: "x" })] },
  );
  assert.equal(state.timelines["c"]?.messages.length, 1);
  assert.deepEqual(state.pending, []);
});

test("reading here or on another device clears the unread count, and no mark moves back", () => {
  const unread = run(signedIn, ...messages(1, 5).map(received));
  const readTo = (readSeq: number): Action => live({ name: "message:status", payload: { conversationId: "c", userId: "ana", deliveredSeq: 5, readSeq } });
  assert.equal(run(unread, readTo(3)).conversations["c"]?.unreadCount, 2);
  const read = run(unread, { type: "readHere", conversationId: "c", seq: 5 });
  assert.equal(read.conversations["c"]?.unreadCount, 0);
  const member = run(read, readTo(3)).conversations["c"]?.members.find(({ user }) => user.id === "ana");
  assert.equal(member?.readSeq, 5);
});

test("unread messages are counted without the user's own if they are loaded", () => {
  const loaded = run(signedIn, { type: "pageLoaded", conversationId: "c", page: { kind: "window", atStart: true }, messages: [] });
  const state = run(loaded, received(message(1)), received(message(2, { sender: mine })), received(message(3)));
  const read = run(state, live({ name: "message:status", payload: { conversationId: "c", userId: "ana", deliveredSeq: 3, readSeq: 1 } }));
  assert.equal(read.conversations["c"]?.unreadCount, 1);
});

test("events advance revisions only after the connection has synced", () => {
  const event: ServerEvent = { name: "message:received", payload: message(1, { revision: 7 }) };
  assert.equal(run(signedIn, { type: "event", event, isLive: false, now: 0 }).revisions["c"], 1);
  assert.equal(run(signedIn, { type: "event", event, isLive: true, now: 0 }).revisions["c"], 7);
});

test("sync brings missed changes and removals, and an older version moves nothing back", () => {
  const state = run(signedIn, received(message(1)), received(message(2)));
  const answer = {
    conversations: [
      { id: "c", revision: 9, conversation: conversation({ revision: 9, lastSeq: 1, unreadCount: 1, title: "new" }), messages: [message(1, { revision: 9, text: "edited" })], more: false },
      { id: "d", revision: 3, conversation: conversation({ id: "d", kind: "group", lastSeq: 4, unreadCount: 4 }), messages: [], more: false },
    ],
    removed: [],
  };
  const synced = run(state, { type: "synced", answer });
  assert.equal(synced.conversations["c"]?.lastSeq, 2);
  assert.equal(synced.conversations["c"]?.unreadCount, 2);
  assert.equal(synced.conversations["c"]?.title, "new");
  assert.equal(synced.revisions["c"], 9);
  assert.equal(synced.conversations["d"]?.unreadCount, 4);
  assert.equal(run(synced, { type: "synced", answer: { conversations: [], removed: ["d"] } }).conversations["d"], undefined);
});

test("if more changes remain to be fetched, the revision waits for them", () => {
  const open = run(signedIn, { type: "pageLoaded", conversationId: "c", page: { kind: "window", atStart: true }, messages: messages(1, 3) });
  const answer = { conversations: [{ id: "c", revision: 50, messages: [], more: true }], removed: [] };
  const synced = run(open, { type: "synced", answer });
  assert.equal(synced.revisions["c"], 1);
  assert.equal(run(synced, { type: "caughtUp", conversationId: "c", revision: 50 }).revisions["c"], 50);
});

test("an update of a conversation keeps this user's own unread count", () => {
  const state = run(signedIn, received(message(1)), live({ name: "conversation:updated", payload: conversation({ revision: 5, title: "t", unreadCount: 0, lastSeq: 1 }) }));
  assert.equal(state.conversations["c"]?.unreadCount, 1);
  assert.equal(state.conversations["c"]?.title, "t");
});

test("typing ends with its event, with a message, and by itself", () => {
  const typing = run(signedIn, { type: "event", event: { name: "typing", payload: { conversationId: "c", userId: "bo", active: true } }, isLive: true, now: 1000 });
  assert.deepEqual(Object.keys(typing.typing["c"] ?? {}), ["bo"]);
  assert.deepEqual(Object.keys(run(typing, received(message(1))).typing["c"] ?? {}), []);
  assert.deepEqual(run(typing, { type: "typingExpired", now: 100_000 }).typing, {});
  assert.deepEqual(Object.keys(run(typing, { type: "typingExpired", now: 2000 }).typing["c"] ?? {}), ["bo"]);
});

test("presence follows ready and user:status", () => {
  const state = run(
    signedIn,
    live({ name: "ready", payload: { user: ana, online: ["bo"], undelivered: {}, cursor: "c" } }),
    live({ name: "user:status", payload: { userId: "bo", status: "offline", lastSeenAt: "2026-01-02T00:00:00.000Z" } }),
  );
  assert.equal(state.online["bo"], false);
  assert.equal(state.lastSeen["bo"], "2026-01-02T00:00:00.000Z");
});

test("nobody counts as online once the connection stays away", () => {
  const there = run(signedIn, live({ name: "ready", payload: { user: ana, online: ["bo"], undelivered: {}, cursor: "c" } }));
  assert.equal(run(there, { type: "connection", status: "connecting" }).online["bo"], true);
  assert.equal(run(there, { type: "connection", status: "waiting" }).online["bo"], undefined);
});

test("a mute lasts until its end, until it is lifted, or until the next connection", () => {
  const mutedUntil = (...actions: Action[]) => run(signedIn, ...actions).mutedUntil;
  const muted = (until?: string) => live({ name: "user:muted", payload: until === undefined ? {} : { until } });
  assert.equal(mutedUntil(muted("2026-01-02T00:00:00.000Z")), Date.UTC(2026, 0, 2));
  assert.equal(mutedUntil(muted("infinity")), Infinity);
  assert.equal(mutedUntil(muted("2026-01-02T00:00:00.000Z"), muted()), 0);
  const ready = (until?: string) =>
    live({ name: "ready", payload: { user: until === undefined ? ana : { ...ana, mutedUntil: until }, online: [], undelivered: {}, cursor: "c" } });
  assert.equal(mutedUntil(muted("infinity"), ready()), 0);
  assert.equal(mutedUntil(ready("2026-01-02T00:00:00.000Z")), Date.UTC(2026, 0, 2));
});

test("a message counts as read when all other members have read it", () => {
  const cleo = { ...bo, id: "cleo" };
  const group = (boRead: number, cleoRead: number, cleoDelivered = cleoRead) =>
    conversation({
      kind: "group",
      memberCount: 3,
      members: [
        { user: ana, role: "owner", deliveredSeq: 5, readSeq: 5 },
        { user: bo, role: "member", deliveredSeq: boRead, readSeq: boRead },
        { user: cleo, role: "member", deliveredSeq: cleoDelivered, readSeq: cleoRead },
      ],
    });
  const sent = message(5, { sender: mine });
  assert.equal(statusOf(sent, group(5, 4)), "sent");
  assert.equal(statusOf(sent, group(5, 4, 5)), "delivered");
  assert.equal(statusOf(sent, group(5, 5)), "read");
  assert.equal(statusOf({ ...sent, status: "delivered" }, { ...group(5, 5), memberCount: 60 }), "delivered");
});

test("signing out leaves nothing behind", () => {
  assert.deepEqual(run(signedIn, received(message(1)), { type: "signedOut" }), { ...initialState, phase: "signedOut" });
});

const invitation = { by: { id: "bo", username: "bo", displayName: "Bo" }, at: "2026-01-01T00:00:00.000Z" };

test("a group counts no unread messages until its invitation is accepted or the user writes there", () => {
  const invited = run(signedIn, { type: "conversation", conversation: conversation({ id: "g", kind: "group", invitation }) });
  const state = run(invited, received(message(1, { conversationId: "g" })));
  const unread = (of: State) => unreadIn(of.conversations["g"] ?? conversation());
  assert.equal(unread(state), 0);
  const accepted = conversation({ id: "g", kind: "group", revision: 2, lastSeq: 1, unreadCount: 1 });
  assert.equal(unread(run(state, live({ name: "conversation:updated", payload: accepted }))), 1);
  const written = run(state, received(message(2, { conversationId: "g", sender: mine })));
  assert.equal(written.conversations["g"]?.invitation, undefined);
  assert.equal(unread(written), 1);
});

test("a blocked person's typing is not shown", () => {
  const typing = live({ name: "typing", payload: { conversationId: "c", userId: "bo", active: true } });
  const blocked = run(signedIn, { type: "blocked", ids: ["bo"] });
  assert.deepEqual(run(blocked, typing).typing["c"] ?? {}, {});
  const again = run(blocked, { type: "blocked", ids: [] }, typing);
  assert.deepEqual(Object.keys(again.typing["c"] ?? {}), ["bo"]);
});

const reacted = (revision: number, changes: Partial<ReactionChange> = {}): Action =>
  live({
    name: "message:reactions",
    payload: { conversationId: "c", messageId: "m1", revision, emoji: "👍", userId: "bo", add: true, ...changes },
  });
const opened = (...held: Message[]): State =>
  run(signedIn, { type: "pageLoaded", conversationId: "c", page: { kind: "window", atStart: true }, messages: held });

test("reactions of message:reactions are added and removed once", () => {
  const state = run(opened(message(1, { id: "m1" })), reacted(5), reacted(6, { userId: "ana" }), reacted(6, { userId: "ana" }));
  assert.deepEqual(state.timelines["c"]?.messages[0]?.reactions, [{ emoji: "👍", userIds: ["bo", "ana"] }]);
  assert.equal(state.revisions["c"], 6);
  const taken = run(state, reacted(7, { add: false }), reacted(8, { userId: "ana", add: false }));
  assert.deepEqual(taken.timelines["c"]?.messages[0]?.reactions, []);
});

test("an edit that arrives after a later reaction keeps it, and a later edit replaces both", () => {
  const state = run(opened(message(1, { id: "m1", revision: 1 })), reacted(6));
  const edit = (revision: number) => live({ name: "message:updated", payload: message(1, { id: "m1", revision, text: `edit ${revision}` }) });
  const edited = run(state, edit(5));
  assert.equal(edited.timelines["c"]?.messages[0]?.text, "edit 5");
  assert.deepEqual(edited.timelines["c"]?.messages[0]?.reactions, [{ emoji: "👍", userIds: ["bo"] }]);
  const later = run(edited, edit(7));
  assert.equal(later.timelines["c"]?.messages[0]?.text, "edit 7");
  assert.deepEqual(later.timelines["c"]?.messages[0]?.reactions, []);
  assert.deepEqual(run(later, reacted(6)).timelines["c"]?.messages[0]?.reactions, []);
});

test("conversation:renamed and member:updated change nothing else, and move nothing back", () => {
  const renamed = (title: string, revision: number): Action => live({ name: "conversation:renamed", payload: { id: "c", title, revision } });
  const state = run(signedIn, renamed("New", 5), renamed("Old", 4));
  assert.equal(state.conversations["c"]?.title, "New");
  assert.equal(state.conversations["c"]?.unreadCount, signedIn.conversations["c"]?.unreadCount);
  const promoted = run(state, live({ name: "member:updated", payload: { conversationId: "c", userId: "bo", role: "admin", revision: 6 } }));
  assert.equal(promoted.conversations["c"]?.members.find(({ user }) => user.id === "bo")?.role, "admin");
  assert.equal(promoted.revisions["c"], 6);
});

test("a reaction to somebody's message, or its edit, does not end their typing; their next message does", () => {
  const typing = { conversationId: "c", userId: "bo", active: true };
  const before = run(
    signedIn,
    received(message(1)),
    live({ name: "typing", payload: typing as never }),
    live({ name: "message:updated", payload: message(1, { revision: 2, reactions: [{ emoji: "👍", userIds: ["ana"] }] }) }),
    live({ name: "message:deleted", payload: message(1, { revision: 3, text: "", deletedAt: "2026-01-01T00:00:00.000Z" }) }),
  );
  assert(before.typing["c"]?.["bo"] !== undefined);
  assert.deepEqual(run(before, received(message(2, { revision: 4 }))).typing["c"], {});
});

test("the time is part of the state, and outlives a session", () => {
  const at = new Date(2026, 5, 15, 23, 59).getTime();
  const before = run(signedIn, { type: "clock", now: at });
  const after = run(before, { type: "clock", now: at + 60_000 });
  assert(before.today !== after.today);
  assert.equal(run(after, { type: "signedOut", ending: { code: "banned", isKept: true } }).now, at + 60_000);
});
