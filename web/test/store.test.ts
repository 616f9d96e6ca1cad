import assert from "node:assert/strict";
import { test } from "node:test";
import { isSameFrame } from "../src/store/shown";
import { Store } from "../src/store/store";
import { ana, conversation, message, settings } from "./support";

test("what events change is in the state at once, and told of together; what the user does is told of at once", () => {
  let tell = () => {};
  const done: string[] = [];
  const store = new Store((work) => {
    tell = work;
    return { ask: () => done.push("asked"), done: () => done.push("done") };
  });
  store.dispatch({ type: "signedIn", user: ana });
  store.dispatch({ type: "conversation", conversation: conversation(), isListed: true });
  let told = 0;
  store.subscribe(() => (told += 1));
  done.length = 0;
  for (const seq of [1, 2, 3]) store.dispatch({ type: "event", event: { name: "message:received", payload: message(seq) }, isLive: true, now: 0 });
  assert.equal(store.state.conversations["c"]?.lastSeq, 3);
  assert.deepEqual([told, done], [0, ["asked", "asked", "asked"]]);
  tell();
  assert.equal(told, 1);
  store.dispatch({ type: "draftChanged", conversationId: "c", draft: { text: "a", uploads: [] } });
  assert.equal(told, 2);
  assert.equal(done.pop(), "done", "which tells of the events as well");
});

test("a message shows nothing of marks and later messages of its conversation", () => {
  const before = conversation();
  const [first, second] = before.members;
  assert(first !== undefined && second !== undefined);
  assert.equal(isSameFrame(before, { ...before, lastSeq: 9, revision: 9, unreadCount: 3, lastMessage: message(9) }), true);
  assert.equal(isSameFrame(before, { ...before, members: [first, { ...second, readSeq: 9 }] }), true);
  assert.equal(isSameFrame(before, { ...before, members: [first, { ...second, role: "admin" }] }), false);
  assert.equal(isSameFrame(before, { ...before, members: [first, { ...second, user: { ...second.user, displayName: "B" } }] }), false);
  assert.equal(isSameFrame(before, { ...before, me: { ...settings, role: "owner", deliveredSeq: 0, readSeq: 0 } }), false);
});
