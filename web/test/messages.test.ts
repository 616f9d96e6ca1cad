import assert from "node:assert/strict";
import { test } from "node:test";
import { Message, ReactionChange } from "../src/client/types";
import { Action } from "../src/store/actions";
import { PendingMessage, State } from "../src/store/state";
import { live, mine, opened, received, run, signedIn, synced } from "./states";
import { conversation, message } from "./support";

const pending: PendingMessage = { clientId: "x", conversationId: "c", text: "hi", uploads: [], createdAt: "2026-01-01T00:00:00.000Z", state: "sending" };

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

const reacted = (revision: number, changes: Partial<ReactionChange> = {}): Action =>
  live({
    name: "message:reactions",
    payload: { conversationId: "c", messageId: "m1", revision, emoji: "👍", userId: "bo", add: true, ...changes },
  });

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
