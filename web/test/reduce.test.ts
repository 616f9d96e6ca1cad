import assert from "node:assert/strict";
import { test } from "node:test";
import { Conversation, Message, ReactionChange, ServerEvent, SyncAnswer, Upload, User } from "../src/client/types";
import { Action } from "../src/store/actions";
import { reduce } from "../src/store/reduce";
import { initialState, listed, PendingMessage, State, statusOf, unreadIn, UploadTask } from "../src/store/state";
import { ana, bo, conversation, message, messages, settings } from "./support";

const run = (state: State, ...actions: Action[]) => actions.reduce(reduce, state);
const signedIn = run(initialState, { type: "signedIn", user: ana }, { type: "conversations", conversations: [conversation()], isComplete: true });
const live = (event: ServerEvent): Action => ({ type: "event", event, isLive: true, now: 0 });
const synced = (answer: Pick<SyncAnswer, "conversations" | "removed">): Action => ({
  type: "synced",
  answer: { marks: [], users: [], cursor: "x", ...answer },
  known: {},
});
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

test("what a closed page left unsent is not pending where the history, or what waits for a page of it, has it already", () => {
  const sent = message(1, { sender: mine, clientId: "x" });
  const page: Action = { type: "pageLoaded", conversationId: "c", page: { kind: "window", atStart: true }, messages: [sent] };
  const loading: Action = { type: "loadStarted", conversationId: "c", kind: "window" };
  for (const actions of [[page], [loading, received(sent)]]) {
    const state = run(signedIn, ...actions, { type: "pendingAdded", pending });
    assert.deepEqual(state.pending, []);
    assert.deepEqual(run(state, { type: "pendingAdded", pending: { ...pending, clientId: "y" } }).pending.map(({ clientId }) => clientId), ["y"]);
  }
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

test("settings come from another device, and with the marks of a sync", () => {
  const told = { ...settings, notifications: "none" as const, mutedUntil: "2030-01-01T00:00:00.000Z", pinned: true, settingsVersion: 3 };
  const state = run(signedIn, live({ name: "user:settings", payload: { conversationId: "c", ...told } }));
  assert.deepEqual(state.conversations["c"]?.me, { role: "member", deliveredSeq: 0, readSeq: 0, ...told });
  const own = { conversationId: "c", userId: "ana", deliveredSeq: 0, readSeq: 0 };
  const synced = (marks: SyncAnswer["marks"]): Action => ({ type: "synced", answer: { conversations: [], removed: [], marks, users: [] }, known: { c: 1 } });
  assert.deepEqual(run(state, synced([{ ...own, ...settings, archived: true, settingsVersion: 4 }])).conversations["c"]?.me, { role: "member", deliveredSeq: 0, readSeq: 0, ...settings, archived: true, settingsVersion: 4 });
  assert.equal(run(state, synced([own, { ...own, userId: "bo" }])).conversations["c"]?.me?.pinned, true);
});

test("of settings the later ones hold, whatever they come with", () => {
  const own = { role: "member" as const, deliveredSeq: 0, readSeq: 0 };
  const pinned = { ...settings, pinned: true, settingsVersion: 9 };
  const known = run(signedIn, live({ name: "user:settings", payload: { conversationId: "c", ...pinned } }));
  const settingsIn = (...actions: Action[]) => run(known, ...actions).conversations["c"]?.me;
  const view = (me: Conversation["me"]): Action => live({ name: "conversation:updated", payload: conversation({ id: "c", revision: 50, me }) });
  assert.deepEqual(settingsIn(live({ name: "user:settings", payload: { conversationId: "c", ...settings, settingsVersion: 8 } })), { ...own, ...pinned });
  // Read before the change, and arriving after it.
  assert.deepEqual(settingsIn(view({ ...own, ...settings, mutedUntil: "2030-01-01T00:00:00.000Z", settingsVersion: 8 })), { ...own, ...pinned });
  assert.deepEqual(settingsIn(view({ ...own, ...settings, settingsVersion: 10 })), { ...own, ...settings, settingsVersion: 10 });
  // A server of the version before gives none.
  assert.deepEqual(settingsIn(view({ ...own, role: "admin" } as Conversation["me"])), { ...own, ...pinned, role: "admin" });
  // Within one answer, too.
  const answer = (ofView: number, ofMarks: number): Action => ({
    type: "synced",
    known: { c: 1 },
    answer: {
      conversations: [{ id: "c", revision: 50, conversation: conversation({ id: "c", revision: 50, me: { ...own, ...settings, archived: true, settingsVersion: ofView } }), messages: [], more: false }],
      removed: [],
      marks: [{ conversationId: "c", userId: "ana", deliveredSeq: 0, readSeq: 0, ...settings, markedUnread: true, settingsVersion: ofMarks }],
      users: [],
    },
  });
  assert.deepEqual(settingsIn(answer(10, 11)), { ...own, ...settings, markedUnread: true, settingsVersion: 11 });
  assert.deepEqual(settingsIn(answer(11, 10)), { ...own, ...settings, archived: true, settingsVersion: 11 });
});

test("several marks in one event are taken one by one", () => {
  const marks = [{ userId: "ana", deliveredSeq: 5, readSeq: 4 }, { userId: "bo", deliveredSeq: 3, readSeq: 2 }];
  const state = run(signedIn, ...messages(1, 5).map(received), live({ name: "message:status", payload: { conversationId: "c", marks } }));
  assert.equal(state.conversations["c"]?.unreadCount, 1);
  assert.deepEqual(state.conversations["c"]?.members.map(({ user, readSeq }) => [user.id, readSeq]), [["ana", 4], ["bo", 2]]);
});

test("unread messages are counted without the user's own if they are loaded", () => {
  const loaded = run(signedIn, { type: "pageLoaded", conversationId: "c", page: { kind: "window", atStart: true }, messages: [] });
  const state = run(loaded, received(message(1)), received(message(2, { sender: mine })), received(message(3)));
  const read = run(state, live({ name: "message:status", payload: { conversationId: "c", userId: "ana", deliveredSeq: 3, readSeq: 1 } }));
  assert.equal(read.conversations["c"]?.unreadCount, 1);
});

test("events advance revisions only after the connection has synced", () => {
  const event: ServerEvent = { name: "message:received", payload: message(1, { revision: 2 }) };
  assert.equal(run(signedIn, { type: "event", event, isLive: false, now: 0 }).revisions["c"], 1);
  assert.equal(run(signedIn, { type: "event", event, isLive: true, now: 0 }).revisions["c"], 2);
});

test("sync brings missed changes and removals, and an older version moves nothing back", () => {
  const state = run(signedIn, received(message(1)), received(message(2, { revision: 10 })));
  const answer = {
    conversations: [
      { id: "c", revision: 9, conversation: conversation({ revision: 9, lastSeq: 1, unreadCount: 1, title: "new" }), messages: [message(1, { revision: 9, text: "edited" })], more: false },
      { id: "d", revision: 3, conversation: conversation({ id: "d", kind: "group", lastSeq: 4, unreadCount: 4 }), messages: [], more: false },
    ],
    removed: [],
  };
  const caughtUp = run(state, synced(answer));
  assert.equal(caughtUp.conversations["c"]?.lastSeq, 2);
  assert.equal(caughtUp.conversations["c"]?.unreadCount, 2);
  assert.equal(caughtUp.conversations["c"]?.title, "new");
  assert.equal(caughtUp.revisions["c"], 10);
  assert.equal(caughtUp.conversations["d"]?.unreadCount, 4);
  assert.equal(run(caughtUp, synced({ conversations: [], removed: ["d"] })).conversations["d"], undefined);
});

test("if more changes remain to be fetched, the revision waits for them", () => {
  const open = run(signedIn, { type: "pageLoaded", conversationId: "c", page: { kind: "window", atStart: true }, messages: messages(1, 3) });
  const answer = { conversations: [{ id: "c", revision: 50, messages: [], more: true }], removed: [] };
  const begun = run(open, synced(answer));
  assert.equal(begun.revisions["c"], 1);
  assert.equal(run(begun, { type: "caughtUp", conversationId: "c", revision: 50 }).revisions["c"], 50);
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
  const invited = run(signedIn, { type: "conversation", conversation: conversation({ id: "g", kind: "group", invitation }), isListed: true });
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
  const state = run(opened(message(1, { id: "m1" })), reacted(2), reacted(3, { userId: "ana" }), reacted(3, { userId: "ana" }));
  assert.deepEqual(state.timelines["c"]?.messages[0]?.reactions, [{ emoji: "👍", userIds: ["bo", "ana"] }]);
  assert.equal(state.revisions["c"], 3);
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
  const state = run(signedIn, renamed("New", 2), renamed("Old", 1));
  assert.equal(state.conversations["c"]?.title, "New");
  assert.equal(state.conversations["c"]?.unreadCount, signedIn.conversations["c"]?.unreadCount);
  const promoted = run(state, live({ name: "member:updated", payload: { conversationId: "c", userId: "bo", role: "admin", revision: 3 } }));
  assert.equal(promoted.conversations["c"]?.members.find(({ user }) => user.id === "bo")?.role, "admin");
  assert.equal(promoted.revisions["c"], 3);
});

test("a revision is noted once all before it have come, or one has stayed away for long", () => {
  const change = (revision: number) => received(message(1, { revision }));
  assert.equal(run(signedIn, change(3), change(4)).revisions["c"], 1);
  assert.equal(run(signedIn, change(3), change(4), change(2)).revisions["c"], 4);
  const many = Array.from({ length: 60 }, (_, index) => change(index + 3));
  assert.equal(run(signedIn, ...many).revisions["c"], 62);
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

const quoted = message(1, { id: "q", text: "a secret" });
const edited = (changes: Partial<Message>): Action => live({ name: "message:updated", payload: { ...quoted, ...changes } });
const gone = live({ name: "message:deleted", payload: { ...quoted, revision: 9, text: "", deletedAt: "2026-01-02T00:00:00.000Z" } });

test("a change reaches quotations, found messages, the message that a draft answers, and the list", () => {
  const shown = run(
    signedIn,
    received(quoted),
    { type: "kept", messages: [quoted] },
    { type: "draftChanged", conversationId: "c", draft: { text: "", uploads: [], replyTo: quoted } },
  );
  const copies = ({ kept, drafts, conversations }: State) => [kept["q"]?.text, drafts["c"]?.replyTo?.text, conversations["c"]?.lastMessage?.text];
  assert.deepEqual(copies(run(shown, edited({ revision: 5, text: "changed" }))), ["changed", "changed", "changed"]);
  assert.deepEqual(copies(run(shown, gone)), ["", "", ""]);
  const answer = { conversations: [{ id: "c", revision: 9, messages: [{ ...quoted, revision: 9, text: "by sync" }], more: false }], removed: [] };
  assert.deepEqual(copies(run(shown, synced(answer))), ["by sync", "by sync", "by sync"]);
});

test("an answer that was under way brings no deleted text back", () => {
  const state = run(
    signedIn,
    { type: "conversation", conversation: conversation({ lastSeq: 1, revision: 2 }), isListed: true },
    gone,
    { type: "kept", messages: [quoted] },
    { type: "conversation", conversation: conversation({ lastSeq: 1, revision: 2, lastMessage: quoted }), isListed: true },
    { type: "loadStarted", conversationId: "c", kind: "window" },
    { type: "pageLoaded", conversationId: "c", page: { kind: "window", atStart: true }, messages: [quoted] },
  );
  assert.equal(JSON.stringify(state).includes("a secret"), false);
});

test("what was in a conversation goes with it", () => {
  const state = run(signedIn, received(quoted), { type: "kept", messages: [quoted] }, live({ name: "conversation:removed", payload: { id: "c", revision: 9 } }));
  assert.equal(JSON.stringify(state).includes("a secret"), false);
});

test("a new name is everywhere the old one was", () => {
  const group = conversation({ id: "g", kind: "group", invitation });
  const old = { id: "bo", username: "bo", displayName: "Bo" };
  const state = run(
    signedIn,
    { type: "conversation", conversation: group, isListed: true },
    { type: "pageLoaded", conversationId: "c", page: { kind: "window", atStart: true }, messages: messages(1, 3) },
    { type: "kept", messages: [message(4)] },
    { type: "draftChanged", conversationId: "c", draft: { text: "", uploads: [], replyTo: message(2) } },
    live({ name: "typing", payload: { conversationId: "c", userId: "bo", active: true, user: old } }),
  );
  const renamed: User = { ...bo, displayName: "Robert", about: "new" };
  const after = run(state, live({ name: "user:updated", payload: renamed }));
  assert.equal(JSON.stringify(after).includes('"Bo"'), false);
  assert.equal(after.conversations["c"]?.members.find(({ user }) => user.id === "bo")?.user.about, "new");
  assert.equal(after.me?.displayName, "Ana");
  assert.equal(after.timelines["c"]?.messages[0]?.text, "text 1");
  // What others are told of oneself says nothing of one's mute.
  const muted = run(after, live({ name: "user:muted", payload: { until: "infinity" } }), live({ name: "user:updated", payload: { ...ana, displayName: "Anna" } }));
  assert.equal(muted.me?.displayName, "Anna");
  assert.equal(muted.mutedUntil, Infinity);
  const bySync = run(state, { type: "synced", answer: { conversations: [], removed: [], marks: [], users: [renamed], cursor: "x" }, known: {} });
  assert.equal(JSON.stringify(bySync).includes('"Bo"'), false);
});

test("joins, leaves and roles change the members, and whoever is not listed has a role too", () => {
  const cleo = { ...bo, id: "cleo" };
  const member = { user: cleo, role: "member" as const, deliveredSeq: 0, readSeq: 0 };
  const joined = live({ name: "member:joined", payload: { conversationId: "c", userId: "cleo", member, memberCount: 3, revision: 2 } });
  const ids = (state: State) => state.conversations["c"]?.members.map(({ user }) => user.id);
  const state = run(signedIn, joined, joined);
  assert.deepEqual(ids(state), ["ana", "bo", "cleo"]);
  assert.equal(state.conversations["c"]?.memberCount, 3);
  const left = run(state, live({ name: "member:left", payload: { conversationId: "c", userId: "bo", memberCount: 2, revision: 3 } }));
  assert.deepEqual(ids(left), ["ana", "cleo"]);
  assert.equal(left.revisions["c"], 3);

  const large = conversation({ id: "l", kind: "group", members: [member], memberCount: 60, me: { ...settings, role: "member", deliveredSeq: 0, readSeq: 0 } });
  const promoted = run(
    signedIn,
    { type: "conversation", conversation: large, isListed: true },
    live({ name: "member:joined", payload: { conversationId: "l", userId: "bo", member: { ...member, user: bo }, memberCount: 61, revision: 2 } }),
    live({ name: "member:updated", payload: { conversationId: "l", userId: "ana", role: "admin", revision: 3 } }),
  );
  assert.equal(promoted.conversations["l"]?.memberCount, 61);
  assert.equal(promoted.conversations["l"]?.members.length, 1);
  assert.equal(promoted.conversations["l"]?.me?.role, "admin");
});

test("ticks follow the lowest marks of all others, and closed accounts hold nothing back", () => {
  const sent = message(5, { sender: mine });
  const large = conversation({ kind: "group", memberCount: 60, others: { deliveredSeq: 5, readSeq: 4 } });
  assert.equal(statusOf(sent, large), "delivered");
  assert.equal(statusOf(sent, { ...large, others: { deliveredSeq: 5, readSeq: 5 } }), "read");
  const closed = { user: { ...bo, id: "cleo", closed: true }, role: "member" as const, deliveredSeq: 0, readSeq: 0 };
  const small = conversation({
    kind: "group",
    memberCount: 3,
    members: [{ user: ana, role: "owner", deliveredSeq: 5, readSeq: 5 }, { user: bo, role: "member", deliveredSeq: 5, readSeq: 5 }, closed],
  });
  assert.equal(statusOf(sent, small), "read");
});

test("a hidden conversation is in no list, also while it is looked at, until a message brings it back", () => {
  const hidden = run(signedIn, live({ name: "conversation:removed", payload: { id: "c", revision: 9 } }));
  const looked = run(hidden, { type: "conversation", conversation: conversation({ unreadCount: 1, lastSeq: 1 }), isListed: false });
  assert.equal(looked.conversations["c"]?.id, "c");
  assert.deepEqual(listed(looked), []);
  const back = run(looked, live({ name: "conversation:created", payload: conversation({ revision: 2, lastSeq: 1 }) }), received(message(2, { revision: 3 })));
  assert.equal(listed(back).length, 1);
});

test("a file is shown as it was sent if the browser could measure it, before or after the server had it", () => {
  const upload = (id: string) => ({ id }) as Upload;
  const shown = (...changes: Partial<UploadTask>[]) => {
    const task: UploadTask = { id: "t", name: "a", size: 1, type: "image/tiff", share: 0, state: "uploading", preview: "blob:a" };
    const state = reduce(initialState, { type: "uploadAdded", task });
    return changes.reduce((next, one) => reduce(next, { type: "uploadChanged", id: "t", changes: one }), state).previews;
  };
  assert.deepEqual(shown({ upload: upload("u") }), {});
  assert.deepEqual(shown({ width: 3, height: 4 }, { upload: upload("u") }), { u: "blob:a" });
  assert.deepEqual(shown({ upload: upload("u") }, { duration: 3 }), { u: "blob:a" });
});
