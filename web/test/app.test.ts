import assert from "node:assert/strict";
import { test } from "node:test";
import { Conversations } from "../src/app/conversations";
import { Delivery } from "../src/app/delivery";
import { Incoming } from "../src/app/incoming";
import { Parley } from "../src/client/parley";
import { MemberPage, ServerEvent } from "../src/client/types";
import { Store } from "../src/store/store";
import { ownRole } from "../src/store/state";
import { ana, bo, conversation, message } from "./support";

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
  );
  return { store, done, receive: (event: ServerEvent) => handler.receive(event) };
}

test("an event changes the state, and has its effect", () => {
  const { store, done, receive } = incoming();
  receive({ name: "ready", payload: { user: ana, online: ["bo"], undelivered: {}, cursor: "c" } });
  receive({ name: "member:joined", payload: { conversationId: "c", userId: "bo", member: { user: ana, role: "member", deliveredSeq: 0, readSeq: 0 }, memberCount: 2, revision: 2 } });
  receive({ name: "user:blocked", payload: { userId: "bo", blocked: true } });
  assert.deepEqual(done, ["catch up", "refresh c", "load blocked"]);
  assert.equal(store.state.online["bo"], true);
});

test("a message of an unknown conversation makes it known", () => {
  const { done, receive } = incoming();
  receive({ name: "message:received", payload: message(1) });
  assert.deepEqual(done, ["confirm", "refresh c"]);
});

test("an event that only changes the state has no effect", () => {
  const { store, done, receive } = incoming();
  store.dispatch({ type: "conversation", conversation: conversation({ lastSeq: 1 }) });
  receive({ name: "message:updated", payload: message(1, { revision: 9 }) });
  assert.deepEqual(done, []);
  assert.equal(store.state.revisions["c"], 9);
});

test("the user's role is found in the pages of a large group, once", async () => {
  const members = [{ user: bo, role: "owner" as const, deliveredSeq: 0, readSeq: 0 }];
  const large = conversation({ kind: "group", members, memberCount: 120 });
  const store = new Store();
  store.dispatch({ type: "signedIn", user: ana });
  store.dispatch({ type: "conversation", conversation: large });
  assert.equal(ownRole(store.state, large), "member");
  const pages: MemberPage[] = [
    { members, nextCursor: "next" },
    { members: [{ user: ana, role: "admin", deliveredSeq: 0, readSeq: 0 }] },
  ];
  const asked: (string | undefined)[] = [];
  const fake: unknown = {
    members: (_: string, cursor?: string) => {
      asked.push(cursor);
      return Promise.resolve(pages[asked.length - 1]);
    },
  };
  const parley = fake as Parley;
  const conversations = new Conversations(parley, store, new Delivery(parley, store));
  await conversations.findOwnRole("c");
  await conversations.findOwnRole("c");
  assert.deepEqual(asked, [undefined, "next"]);
  assert.equal(ownRole(store.state, large), "admin");
  const payload = { conversationId: "c", userId: "ana", role: "owner" as const, revision: 2 };
  store.dispatch({ type: "event", event: { name: "member:updated", payload }, isLive: true, now: 0 });
  assert.equal(ownRole(store.state, large), "owner");
});
