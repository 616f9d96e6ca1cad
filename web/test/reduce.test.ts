import assert from "node:assert/strict";
import { test } from "node:test";
import { Conversation, ServerEvent, SyncAnswer, Upload } from "../src/client/types";
import { Action } from "../src/store/actions";
import { reduce } from "../src/store/reduce";
import { initialState, listed, State, statusOf, unreadIn, UploadTask } from "../src/store/state";
import { invitation, live, mine, received, run, signedIn, synced } from "./states";
import { ana, bo, conversation, message, messages, settings } from "./support";

test("another's message is counted as unread once, however often it arrives", () => {
  const state = run(signedIn, received(message(1)), received(message(1)), received(message(2)));
  assert.equal(state.conversations["c"]?.unreadCount, 2);
  assert.equal(state.conversations["c"]?.lastMessage?.seq, 2);
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
