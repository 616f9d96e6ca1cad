import assert from "node:assert/strict";
import { test } from "node:test";
import { Message, User } from "../src/client/types";
import { Action } from "../src/store/actions";
import { State, statusOf } from "../src/store/state";
import { invitation, live, mine, run, signedIn } from "./states";
import { ana, bo, conversation, message, messages, settings } from "./support";

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

test("a blocked person's typing is not shown", () => {
  const typing = live({ name: "typing", payload: { conversationId: "c", userId: "bo", active: true } });
  const blocked = run(signedIn, { type: "blocked", ids: ["bo"] });
  assert.deepEqual(run(blocked, typing).typing["c"] ?? {}, {});
  const again = run(blocked, { type: "blocked", ids: [] }, typing);
  assert.deepEqual(Object.keys(again.typing["c"] ?? {}), ["bo"]);
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

test("a list that is fetched again brings the names of today into previews", () => {
  const last = message(1);
  const list = (sender: Message["sender"]): Action => ({ type: "conversations", conversations: [conversation({ lastSeq: 1, lastMessage: { ...last, sender } })], isComplete: true });
  const renamed = { ...last.sender, displayName: "Robert" };
  const state = run(signedIn, list(last.sender), list(renamed));
  assert.equal(state.conversations["c"]?.lastMessage?.sender.displayName, "Robert");
  assert.equal(state.conversations["c"]?.lastMessage?.text, last.text);
});
