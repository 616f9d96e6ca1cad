import assert from "node:assert/strict";
import { test } from "node:test";
import { splitMentions } from "../src/lib/mentions";
import { Conversation, Message } from "../src/client/types";
import { Action } from "../src/store/actions";
import { passes } from "../src/store/filters";
import { concerning, initialState, mentionsIn, State } from "../src/store/state";
import { growth, linear } from "./costs";
import { live, run } from "./states";
import { ana, conversation, message, messages, settings } from "./support";

const known = new Map([["ana", 1], ["bo.b", 2], ["all", 3]]);
const split = (text: string) => splitMentions(text, (name) => known.get(name));

test("names behind an @ are found as the server finds them", () => {
  assert.deepEqual(split("hi @ana, see @Bo.B."), ["hi ", { text: "@ana", who: 1 }, ", see ", { text: "@Bo.B", who: 2 }, "."]);
  assert.deepEqual(split("@ana- @all"), [{ text: "@ana", who: 1 }, "- ", { text: "@all", who: 3 }]);
  for (const text of ["mail ana@ana.org", "é@ana", "@anaé", "@anab", "@@", "@nobody", ""]) {
    assert.deepEqual(split(text), text === "" ? [] : [text]);
  }
  assert.deepEqual(split("(@ana)"), ["(", { text: "@ana", who: 1 }, ")"]);
});

test("a long text of signs takes linear time", () => {
  const grown = growth(split, (length) => "@a.".repeat(length));
  assert(grown <= linear, grown.toFixed(1));
});

const received = (payload: Message): Action => live({ name: "message:received", payload });
const updated = (payload: Message): Action => live({ name: "message:updated", payload });
const signedIn = run(initialState, { type: "signedIn", user: ana });
/** Ten unread messages of which none is loaded; two mention the user. */
const ten = run(signedIn, { type: "conversation", conversation: conversation({ revision: 10, lastSeq: 10, unreadCount: 10, unreadMentions: 2 }), isListed: true });
const mentions = (state: State) => state.conversations["c"]?.unreadMentions;

test("mentions that are not loaded are the server's, and what arrives is added", () => {
  const more = run(ten, received(message(11, { revision: 11, mentions: ["ana"] })), received(message(12, { revision: 12, mentionsAll: true })), received(message(13, { revision: 13, mentions: ["bo"] })));
  assert.equal(mentions(more), 4);
  const edited = run(more, updated(message(11, { revision: 14, text: "nobody" })), updated(message(13, { revision: 15, mentions: ["ana"] })));
  assert.equal(mentions(edited), 4);
  const gone = run(edited, live({ name: "message:deleted", payload: message(12, { revision: 16, text: "", deletedAt: "2026-01-02T00:00:00.000Z" }) }));
  assert.equal(mentions(gone), 3);
  assert.equal(mentions(run(gone, received(message(14, { revision: 17, sender: { id: "ana", username: "ana", displayName: "Ana" }, mentions: ["ana"] })))), 3);
  assert.equal(mentions(run(gone, { type: "readHere", conversationId: "c", seq: 13 })), 0);
});

test("mentions that are loaded are counted", () => {
  const loaded = messages(1, 10).map((each) => (each.seq === 3 || each.seq === 7 ? { ...each, mentions: ["ana"] } : each));
  const state = run(ten, { type: "pageLoaded", conversationId: "c", page: { kind: "window", atStart: true }, messages: loaded });
  assert.equal(mentions(state), 2);
  const read = run(state, { type: "readHere", conversationId: "c", seq: 5 });
  assert.deepEqual([mentions(read), read.conversations["c"]?.unreadCount], [1, 5]);
});

test("filters and counts go by what is unread; an invitation is unread without a number", () => {
  const read = conversation({ unreadCount: 0, unreadMentions: 0 });
  const unread = conversation({ unreadCount: 3, unreadMentions: 1 });
  const invited = { ...unread, invitation: { by: { id: "bo", username: "bo", displayName: "Bo" }, at: "" } };
  const found = [read, unread, invited].map((each) => [passes(each, "all"), passes(each, "unread"), passes(each, "mentions"), mentionsIn(each)]);
  assert.deepEqual(found, [[true, false, false, 0], [true, true, true, 1], [true, true, false, 0]]);
  assert.equal(concerning([read, unread, invited], 0), 3);
});

test("what is muted does not concern the user, until the mute ends", () => {
  const noon = "2026-01-02T12:00:00.000Z";
  const of = (changes: Partial<typeof settings> | object) => conversation({ unreadCount: 3, unreadMentions: 1, me: { ...settings, ...changes, role: "member", deliveredSeq: 0, readSeq: 0 } });
  const counts = (now: number) => [{}, { notifications: "mentions" }, { notifications: "none" }, { mutedUntil: noon }].map((changes) => concerning([of(changes)], now));
  assert.deepEqual(counts(Date.parse(noon) - 1), [3, 1, 0, 0]);
  assert.deepEqual(counts(Date.parse(noon)), [3, 1, 0, 3]);
  assert.equal(concerning([conversation({ unreadCount: 3, me: { role: "member", deliveredSeq: 0, readSeq: 0 } as NonNullable<Conversation["me"]> })], 0), 3, "a server of an earlier version");
});
