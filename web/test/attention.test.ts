import assert from "node:assert/strict";
import { test } from "node:test";
import { Attention } from "../src/app/attention";
import { Reading } from "../src/app/reading";
import { ApiError } from "../src/client/errors";
import { Parley } from "../src/client/parley";
import { Conversation, SettingsWish } from "../src/client/types";
import { muteEnd } from "../src/lib/muting";
import { passes } from "../src/store/filters";
import { concerning, mutedUntil, wanted } from "../src/store/state";
import { Store } from "../src/store/store";
import { ana, conversation, deferred, settings } from "./support";

type Own = NonNullable<Conversation["me"]>;

function own(changes: Partial<Own>): Conversation {
  return conversation({ unreadCount: 3, unreadMentions: 1, me: { ...settings, role: "member", deliveredSeq: 0, readSeq: 0, ...changes } });
}

test("an archived conversation stands apart, and tells of mentions at most", () => {
  const shown = (each: Conversation) => (["all", "unread", "mentions", "archived"] as const).filter((filter) => passes(each, filter));
  assert.deepEqual(shown(own({})), ["all", "unread", "mentions"]);
  assert.deepEqual(shown(own({ archived: true })), ["mentions", "archived"]);
  assert.equal(wanted(own({ archived: true }), 0), "mentions");
  assert.equal(wanted(own({ archived: true, notifications: "none" }), 0), "none");
  assert.equal(concerning([own({ archived: true })], 0), 1);
});

test("what is marked as unread is unread, and concerns the user as one", () => {
  const marked = { ...own({ markedUnread: true }), unreadCount: 0, unreadMentions: 0 };
  assert.equal(passes(marked, "unread"), true);
  assert.equal(concerning([marked], 0), 1);
  assert.equal(concerning([own({ markedUnread: true })], 0), 3);
  assert.equal(concerning([own({ markedUnread: true, notifications: "none" })], 0), 0);
});

test("a mute ends, at the time that was chosen", () => {
  const evening = new Date(2026, 11, 31, 22, 30);
  const ends = (["hour", "hours", "morning"] as const).map((length) => muteEnd(length, evening));
  assert.deepEqual(ends, [new Date(2026, 11, 31, 23, 30), new Date(2027, 0, 1, 6, 30), new Date(2027, 0, 1, 8)]);
  const end = Date.UTC(2026, 0, 1);
  const muted = own({ mutedUntil: "2026-01-01T00:00:00.000Z" });
  assert.deepEqual([mutedUntil(muted, end - 1), mutedUntil(muted, end), mutedUntil(own({}), 0)], [end, 0, 0]);
  assert.equal(mutedUntil(own({ mutedUntil: "infinity" }), end), Infinity);
});

/** Changes of the settings, whose answers the test gives one by one. */
function changing() {
  const store = new Store();
  store.dispatch({ type: "signedIn", user: ana });
  store.dispatch({ type: "conversation", conversation: own({}), isListed: true });
  const requests: { wish: SettingsWish; answer: ReturnType<typeof deferred<Conversation | Error>> }[] = [];
  const setAttention = async (_: string, wish: SettingsWish) => {
    const answer = deferred<Conversation | Error>();
    requests.push({ wish, answer });
    const given = await answer.promise;
    if (given instanceof Error) throw given;
    return given;
  };
  const shown: string[] = [];
  const read: number[] = [];
  const mark = deferred<void>();
  const reading = { markRead: (_: string, seq: number) => void read.push(seq), sendMarkOf: () => mark.promise };
  const attention = new Attention({ setAttention }, store, { show: (text) => shown.push(text) }, reading);
  const now = () => {
    const { pinned, archived, notifications, mutedUntil: until } = store.state.conversations["c"]?.me ?? {};
    return { pinned, archived, notifications, until };
  };
  return { store, attention, requests, shown, read, now, mark };
}

const atFirst = { pinned: false, archived: false, notifications: "all", until: undefined };

test("a change is shown at once, one is on its way at a time, and an answer does not undo the next", async () => {
  const { attention, requests, now, shown } = changing();
  const pinning = attention.change("c", { pinned: true });
  void attention.change("c", { archived: true });
  assert.deepEqual(now(), { ...atFirst, pinned: true, archived: true });
  assert.deepEqual(requests.map(({ wish }) => wish), [{ pinned: true }]);
  requests[0]?.answer.resolve(own({ pinned: true, settingsVersion: 1 }));
  await new Promise((resolve) => setTimeout(resolve, 0));
  assert.deepEqual(now(), { ...atFirst, pinned: true, archived: true });
  requests[1]?.answer.resolve(own({ pinned: true, archived: true, settingsVersion: 2 }));
  assert.equal(await pinning, true);
  assert.deepEqual(now(), { ...atFirst, pinned: true, archived: true });
  assert.deepEqual(shown, []);
});

test("what was read before a conversation is marked as unread reaches the server first", async () => {
  const { store, attention, requests, mark } = changing();
  const marking = attention.change("c", { markedUnread: true });
  assert.equal(store.state.conversations["c"]?.me?.markedUnread, true);
  await new Promise((resolve) => setTimeout(resolve, 0));
  assert.equal(requests.length, 0);
  mark.resolve();
  await new Promise((resolve) => setTimeout(resolve, 0));
  assert.equal(requests.length, 1);
  requests[0]?.answer.resolve(own({ markedUnread: true, settingsVersion: 1 }));
  assert.equal(await marking, true);
});

test("what the server refuses is taken back, with a message; what came after it stays", async () => {
  const { attention, requests, now, shown } = changing();
  const muting = attention.change("c", { notifications: "none", mutedUntil: "2030-01-01T00:00:00.000Z" });
  void attention.change("c", { pinned: true });
  requests[0]?.answer.resolve(new ApiError(429, "rate_limited", ""));
  await new Promise((resolve) => setTimeout(resolve, 0));
  assert.deepEqual(now(), { ...atFirst, pinned: true });
  assert.deepEqual(shown, ["This was not changed. That was a bit fast. Please wait a moment."]);
  requests[1]?.answer.resolve(own({ pinned: true, settingsVersion: 1 }));
  assert.equal(await muting, false);
  assert.deepEqual(now(), { ...atFirst, pinned: true });
});

test("a refusal does not take back what another device has set since", async () => {
  const { store, attention, requests, now } = changing();
  const pinning = attention.change("c", { pinned: true });
  const elsewhere = { ...settings, pinned: true, notifications: "mentions" as const, settingsVersion: 5 };
  store.dispatch({ type: "event", event: { name: "user:settings", payload: { conversationId: "c", ...elsewhere } }, isLive: true, now: 0 });
  requests[0]?.answer.resolve(new ApiError(503, "unavailable", ""));
  assert.equal(await pinning, false);
  assert.deepEqual(now(), { ...atFirst, pinned: true, notifications: "mentions" });
});

test("opening a conversation reads what was marked as unread", async () => {
  const store = new Store();
  store.dispatch({ type: "signedIn", user: ana });
  store.dispatch({ type: "conversation", conversation: { ...own({ markedUnread: true, readSeq: 7 }), lastSeq: 7, unreadCount: 0 }, isListed: true });
  const told: [string, number][] = [];
  const fake: unknown = { markRead: (id: string, seq: number) => (told.push([id, seq]), Promise.resolve()) };
  const reading = new Reading(fake as Parley, store);
  reading.opened("c");
  assert.equal(store.state.conversations["c"]?.me?.markedUnread, false);
  reading.sendMarks();
  assert.deepEqual(told, [["c", 7]]);
  await new Promise((resolve) => setTimeout(resolve, 0));
  reading.opened("c");
  reading.sendMarks();
  assert.equal(told.length, 1, "confirmed already");
});
