import assert from "node:assert/strict";
import { test } from "node:test";
import { Acts } from "../src/app/acts";
import { Drafts } from "../src/app/drafts";
import { Notices } from "../src/app/notices";
import { Sending } from "../src/app/sending";
import { Uploads } from "../src/app/uploads";
import { ApiError } from "../src/client/errors";
import { Outbox } from "../src/client/outbox";
import { Parley } from "../src/client/parley";
import { Message, OutgoingMessage } from "../src/client/types";
import { afterActs } from "../src/store/acts";
import { lostWords } from "../src/store/lost";
import { UploadTask } from "../src/store/state";
import { Store } from "../src/store/store";
import { ana, conversation, message } from "./support";

const mine = (seq: number, changes: Partial<Message> = {}) => message(seq, { sender: { id: "ana", username: "ana", displayName: "Ana" }, ...changes });

/** A page with the messages 1 to 3 of the user's own, and a server that does what `answer` says. */
function setUp(answer: (call: string) => Error | undefined = () => undefined) {
  const store = new Store();
  const calls: string[] = [];
  let seq = 3;
  const respond = (call: string, result: () => Message): Promise<Message> => {
    calls.push(call);
    const error = answer(call);
    return error === undefined ? Promise.resolve(result()) : Promise.reject(error);
  };
  const held = (id: string) => store.state.timelines["c"]?.messages.find((one) => one.id === id) ?? mine(1, { id });
  const parley = {
    send: ({ clientId, text = "" }: OutgoingMessage) => respond(`send ${text}`, () => mine((seq += 1), { clientId, text })),
    edit: (id: string, text: string) => respond(`edit ${id} ${text}`, () => ({ ...held(id), text, revision: 100 })),
    deleteMessage: (id: string) => respond(`delete ${id}`, () => ({ ...held(id), text: "", deletedAt: "now", revision: 100 })),
    react: (id: string, emoji: string, add: boolean) => respond(`${add ? "add" : "take"} ${id} ${emoji}`, () => held(id)),
  } as unknown as Parley;
  store.dispatch({ type: "signedIn", user: ana });
  store.dispatch({ type: "conversation", conversation: conversation({ lastSeq: 3 }), isListed: true });
  store.dispatch({ type: "pageLoaded", conversationId: "c", page: { kind: "window", atStart: true }, messages: [1, 2, 3].map((n) => mine(n)) });
  const outbox = new Outbox();
  const notices = new Notices(store);
  const uploads = new Uploads(parley, store);
  const drafts = new Drafts(store, uploads, notices);
  const acts = new Acts(parley, store, outbox, notices);
  const sending = new Sending(parley, store, outbox, drafts, uploads, acts, notices);
  const shown = (id: string) => afterActs(held(id), store.state.acts[id], "ana");
  const say = (text: string) => {
    drafts.write("c", text);
    sending.submit("c");
  };
  const settle = () => new Promise((resolve) => setTimeout(resolve, 5));
  const goOnline = async () => {
    outbox.setOnline(true);
    await settle();
  };
  return { store, calls, outbox, drafts, acts, sending, shown, say, goOnline, settle };
}

test("what is done offline is shown at once, and sent in its order", async () => {
  const { calls, drafts, acts, sending, shown, say, goOnline, store } = setUp();
  say("new");
  drafts.edit(shown("m1"));
  drafts.write("c", "better");
  sending.submit("c");
  acts.react(shown("m2"), "👍");
  acts.remove("c", "m3");
  assert.equal(shown("m1").text, "better");
  assert.deepEqual(shown("m2").reactions, [{ emoji: "👍", userIds: ["ana"] }]);
  assert(shown("m3").deletedAt !== undefined);
  assert.deepEqual(calls, []);
  await goOnline();
  assert.deepEqual(calls, ["send new", "edit m1 better", "add m2 👍", "delete m3"]);
  assert.deepEqual(store.state.acts, {});
});

test("what is taken back before it was sent never happens", async () => {
  const { calls, acts, shown, goOnline } = setUp();
  acts.react(shown("m1"), "👍");
  acts.react(shown("m1"), "👍");
  acts.edit("c", "m2", "once");
  acts.edit("c", "m2", "twice");
  acts.edit("c", "m3", "other");
  acts.edit("c", "m3", "text 3");
  acts.edit("c", "m1", "doomed");
  acts.react(shown("m1"), "🎉");
  acts.remove("c", "m1");
  await goOnline();
  assert.deepEqual(calls, ["edit m2 twice", "delete m1"]);
});

test("a reaction that may have arrived is taken back by another", async () => {
  const { calls, acts, shown, outbox, goOnline, settle } = setUp();
  await goOnline();
  acts.react(shown("m1"), "👍");
  acts.react(shown("m1"), "👍");
  await settle();
  assert.deepEqual(calls, ["add m1 👍", "take m1 👍"]);
  outbox.setOnline(false);
});

test("a message that was never sent changes where it waits; one that was tried is edited afterwards", async () => {
  let isCut = false;
  const { calls, outbox, drafts, sending, say, goOnline, store, settle } = setUp(() => (isCut ? new TypeError("cut") : undefined));
  say("first");
  const first = store.state.pending[0];
  assert(first !== undefined);
  drafts.editPending(first);
  drafts.write("c", "first, changed");
  sending.submit("c");
  isCut = true;
  await goOnline();
  outbox.setOnline(false);
  const tried = store.state.pending[0];
  assert.equal(tried?.isTried, true);
  drafts.editPending(tried as typeof first);
  drafts.write("c", "first, changed again");
  sending.submit("c");
  isCut = false;
  await settle();
  await new Promise((resolve) => setTimeout(resolve, 1100));
  await goOnline();
  assert.deepEqual(calls, ["send first, changed", "send first, changed", "edit m4 first, changed again"]);
  assert.deepEqual(store.state.acts, {});
});

test("a refused edit is back in the field with the reason, and the draft is kept", async () => {
  const { drafts, sending, shown, goOnline } = setUp((call) => (call.startsWith("edit") ? new ApiError(0, "forbidden", "text: not that") : undefined));
  drafts.write("c", "a draft");
  drafts.edit(shown("m1"));
  drafts.write("c", "changed");
  sending.submit("c");
  assert.equal(drafts.of("c").editing, undefined);
  await goOnline();
  const { text, editing } = drafts.of("c");
  assert.deepEqual([text, editing?.target, editing?.text, editing?.problem], ["a draft", "m1", "changed", "Not that"]);
  drafts.stopReference("c");
  assert.equal(drafts.of("c").text, "a draft");
});

test("a refused edit does not interrupt what is written by now", async () => {
  const { drafts, sending, shown, goOnline, store } = setUp((call) => (call.startsWith("edit") ? new ApiError(0, "muted", "") : undefined));
  drafts.edit(shown("m1"));
  drafts.write("c", "changed");
  sending.submit("c");
  drafts.write("c", "something else");
  await goOnline();
  assert.equal(drafts.of("c").editing, undefined);
  const act = store.state.acts["m1"]?.[0];
  assert(act?.problem !== undefined);
  assert.equal(shown("m1").text, "text 1", "the others still see the old text");
});

test("what was to be done to a message that the server refuses is done to it here", async () => {
  const { acts, say, store, goOnline, calls, settle } = setUp((call) => (call.startsWith("send") ? new ApiError(0, "muted", "") : undefined));
  say("refused");
  const clientId = store.state.pending[0]?.clientId ?? "";
  acts.edit("c", clientId, "refused, changed");
  await goOnline();
  await settle();
  assert.deepEqual(calls, ["send refused"]);
  assert.deepEqual(store.state.pending.map(({ text, state }) => [text, state]), [["refused, changed", "failed"]]);
  assert.deepEqual(store.state.acts, {});
});

test("what was written in a conversation that is gone stays", () => {
  const { say, drafts, store } = setUp();
  say("not sent");
  drafts.write("c", "not finished");
  store.dispatch({ type: "conversationGone", id: "c" });
  assert.deepEqual(store.state.pending.map(({ text }) => text), ["not sent"]);
  assert.equal(drafts.of("c").text, "not finished");
  assert.deepEqual(store.state.titles, { c: "Bo" });
});

test("blanks before the first word are part of a message, empty lines around it are not", async () => {
  const { say, calls, goOnline } = setUp();
  say("  if x:\n    y()  \n\n");
  say("\n \n\tcode");
  say(" \n\t ");
  await goOnline();
  assert.deepEqual(calls, ["send   if x:\n    y()", "send \tcode"]);
});

test("a message whose files were lost with its page says so, and goes without them", async () => {
  const { sending, store, calls, goOnline } = setUp();
  const task = { id: "u", name: "a.png", size: 1, type: "image/png", share: 0, state: "failed" as const, isLost: true, problem: "lost" };
  store.dispatch({ type: "uploadAdded", task });
  sending.restore({ clientId: "x", conversationId: "c", text: "look", uploads: ["u"], createdAt: "2026-01-01T00:00:00Z", state: "uploading" });
  assert.equal(store.state.pending[0]?.state, "failed");
  sending.retry("x");
  await goOnline();
  assert.deepEqual(calls, ["send look"]);
});

test("a message that may have arrived is deleted once that is known; one that was never sent is just dropped", async () => {
  const { sending, store, calls, say, goOnline, settle } = setUp();
  say("never");
  sending.discard(store.state.pending[0]?.clientId ?? "");
  assert.deepEqual(store.state.pending, []);
  await goOnline();
  say("tried");
  sending.discard(store.state.pending[0]?.clientId ?? "");
  await settle();
  assert.deepEqual(calls, ["send tried", "delete m4"]);
});

test("an edit of a message in a conversation that is gone stays, beside the draft", async () => {
  const { acts, drafts, store, goOnline } = setUp((call) => (call.startsWith("edit") ? new ApiError(0, "not_a_member", "") : undefined));
  drafts.write("c", "a draft");
  acts.edit("c", "m1", "a better text");
  store.dispatch({ type: "conversationGone", id: "c" });
  assert.deepEqual(store.state.titles, { c: "Bo" });
  await goOnline();
  assert.equal(Object.values(store.state.acts).flat()[0]?.problem !== undefined || drafts.of("c").editing?.text === "a better text", true);
  drafts.discard("c");
  assert.equal(drafts.of("c").text, "");
});

test("what is to be done to a message is done although its acknowledgement was lost", async () => {
  let isCut = true;
  const { store, calls, sending, say, goOnline } = setUp((call) => (isCut && call.startsWith("send") ? new Error("the connection was cut") : undefined));
  say("new");
  await goOnline();
  const clientId = store.state.pending[0]?.clientId ?? "";
  sending.discard(clientId);
  // It had arrived, and comes by sync before it is sent again.
  store.dispatch({ type: "messages", conversationId: "c", messages: [mine(4, { clientId, text: "new" })] });
  assert.deepEqual(store.state.pending, []);
  isCut = false;
  while (calls.length < 3) await new Promise((resolve) => setTimeout(resolve, 20));
  assert.deepEqual(calls, ["send new", "send new", "delete m4"]);
});

test("what a closed page left is sent again although it has arrived, so that what is to be done to it is done", async () => {
  const { store, calls, acts, sending, goOnline } = setUp();
  const task = { id: "f", name: "hill.png", type: "image/png", size: 1, share: 1, state: "done", upload: { id: "u" } } as unknown as UploadTask;
  store.dispatch({ type: "messages", conversationId: "c", messages: [mine(4, { clientId: "x", text: "new" })] });
  store.dispatch({ type: "uploadAdded", task });
  sending.restore({ clientId: "x", conversationId: "c", text: "new", uploads: ["f"], createdAt: "2026-01-01T00:00:01Z", state: "sending", isTried: true });
  assert.deepEqual(store.state.pending, []);
  acts.remove("c", "x");
  await goOnline();
  assert.deepEqual(calls, ["send new", "delete m4"]);
  assert.deepEqual(store.state.uploads, {});
});

test("a refused edit is said, whether its text is back in the field or waits", async () => {
  for (const isWriting of [false, true]) {
    const { store, drafts, sending, shown, goOnline } = setUp((call) => (call.startsWith("edit") ? new ApiError(403, "forbidden", "no") : undefined));
    drafts.edit(shown("m1"));
    drafts.write("c", "better");
    sending.submit("c");
    if (isWriting) drafts.write("c", "something else");
    await goOnline();
    assert.equal(store.state.notices.length, 1);
  }
});

test("half an edit is put aside for a refused one, follows its message, and is lost with no restored draft", async () => {
  const { outbox, drafts, shown, say, goOnline, store } = setUp();
  const begun = () => drafts.of("c").begun;
  drafts.edit(shown("m1"));
  drafts.write("c", "half of one");
  drafts.editAgain({ id: "a", conversationId: "c", target: "m2", change: { kind: "edit", text: "refused" }, createdAt: "" }, "no");
  assert.deepEqual([drafts.of("c").editing?.text, begun()], ["refused", { m1: "half of one" }]);
  drafts.stopReference("c");
  // Of a message that is not sent yet.
  say("new");
  const [pending] = store.state.pending;
  assert(pending !== undefined);
  drafts.editPending(pending);
  drafts.write("c", "half of the new one");
  drafts.edit(shown("m3"));
  assert.deepEqual(begun(), { m1: "half of one", [pending.clientId]: "half of the new one" });
  await goOnline();
  assert.deepEqual(begun(), { m1: "half of one", m4: "half of the new one" });
  drafts.stopReference("c");
  // What another page has left behind comes beside it.
  assert.equal(drafts.restore("c", { text: "words", uploads: [], begun: { m1: "older", m2: "of two" } }), true);
  assert.deepEqual([drafts.of("c").text, begun()], ["words", { m1: "half of one", m2: "of two", m4: "half of the new one" }]);
  assert.equal(drafts.restore("c", { text: "words", uploads: [], begun: { m3: "of three" } }), true);
  assert.equal(begun()?.["m3"], "of three");
  drafts.discard("c");
  drafts.discardBegun("c", "m3");
  assert.deepEqual([drafts.of("c").text, Object.keys(begun() ?? {}).sort()], ["", ["m1", "m2", "m4"]]);
  // They are words of the user's, wherever their conversation goes.
  store.dispatch({ type: "conversationGone", id: "c" });
  assert.deepEqual([[...lostWords(store.state).keys()], store.state.titles], [["c"], { c: "Bo" }]);
  for (const target of ["m1", "m2", "m4"]) drafts.discardBegun("c", target);
  assert.deepEqual([drafts.of("c"), lostWords(store.state).size], [{ text: "", uploads: [] }, 0]);
  outbox.setOnline(false);
});

test("an edit in the field goes on when its message is sent", async () => {
  const { drafts, say, goOnline, store, calls, sending, settle } = setUp();
  say("new");
  const [pending] = store.state.pending;
  assert(pending !== undefined);
  drafts.editPending(pending);
  drafts.write("c", "newer");
  await goOnline();
  assert.equal(drafts.of("c").editing?.target, "m4");
  sending.submit("c");
  await settle();
  assert.deepEqual(calls, ["send new", "edit m4 newer"]);
});
