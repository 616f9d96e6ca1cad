import assert from "node:assert/strict";
import { test } from "node:test";
import { Incoming } from "../src/app/incoming";
import { ServerEvent } from "../src/client/types";
import { Store } from "../src/store/store";
import { ana, conversation, message } from "./support";

/** Everything that Incoming can set in motion, as a list of what it did. */
function incoming(isLive = true) {
  const store = new Store();
  store.dispatch({ type: "signedIn", user: ana });
  const done: string[] = [];
  const record = (name: string) => (id?: string) => void done.push(id === undefined ? name : `${name} ${id}`);
  const parts = {
    catchingUp: { isLive, start: record("catch up") },
    conversations: { refresh: record("refresh") },
    people: { loadBlocked: record("load blocked") },
    delivery: { confirmSoon: record("confirm") },
  };
  const part = <T>(value: unknown) => value as T;
  const handler = new Incoming(
    store, part(parts.catchingUp), part(parts.conversations), part(parts.people), part(parts.delivery),
    ({ id }) => done.push(`notify ${id}`),
    () => done.push("marks moved"),
  );
  return { store, done, receive: (event: ServerEvent) => handler.receive(event) };
}

test("an event changes the state, and has its effect", () => {
  const { store, done, receive } = incoming();
  receive({ name: "ready", payload: { user: ana, online: ["bo"], undelivered: {}, cursor: "c" } });
  receive({ name: "member:joined", payload: { conversationId: "c", userId: "bo", member: { user: ana, role: "member", deliveredSeq: 0, readSeq: 0 }, memberCount: 2, revision: 2 } });
  receive({ name: "user:blocked", payload: { userId: "bo", blocked: true } });
  assert.deepEqual(done, ["catch up c", "load blocked"]);
  assert.equal(store.state.online["bo"], true);
});

test("a message of an unknown conversation makes it known", () => {
  const { done, receive } = incoming();
  receive({ name: "message:received", payload: message(1) });
  assert.deepEqual(done, ["confirm", "refresh c"]);
});

test("an event that only changes the state has no effect", () => {
  const { store, done, receive } = incoming();
  store.dispatch({ type: "conversation", conversation: conversation({ lastSeq: 1 }), isListed: true });
  receive({ name: "message:updated", payload: message(1, { revision: 2 }) });
  assert.deepEqual(done, []);
  assert.equal(store.state.revisions["c"], 2);
});
