import assert from "node:assert/strict";
import { test } from "node:test";
import { applyMessages, applyPage, emptyTimeline, findBySeq, Timeline } from "../src/store/timeline";
import { message, messages } from "./support";

const seqs = (timeline: Timeline) => timeline.messages.map(({ seq }) => seq);
const window = (from: number, to: number) => applyPage(emptyTimeline, { kind: "window", atStart: from === 1 }, messages(from, to));

test("the next message is appended, a later one waits for its place", () => {
  const ahead = applyMessages(window(1, 3), [message(5)]);
  assert.deepEqual(seqs(ahead), [1, 2, 3]);
  assert.deepEqual(seqs(applyMessages(ahead, [message(4)])), [1, 2, 3, 4, 5]);
});

test("a message is applied once, and only a newer revision replaces it", () => {
  const timeline = window(1, 3);
  assert.equal(applyMessages(timeline, [message(2)]), timeline);
  const edited = applyMessages(timeline, [message(2, { revision: 9, text: "new" })]);
  assert.equal(findBySeq(edited.messages, 2)?.text, "new");
  const older = applyMessages(edited, [message(2, { revision: 8, text: "old" })]);
  assert.equal(findBySeq(older.messages, 2)?.text, "new");
});

test("the first message of an empty conversation is its start", () => {
  const empty = applyPage(emptyTimeline, { kind: "window", atStart: true }, []);
  assert.deepEqual(seqs(applyMessages(empty, [message(1)])), [1]);
});

test("a message that arrives during the first load is not lost, and the page does not undo an edit", () => {
  const loading: Timeline = { ...emptyTimeline, loading: "window" };
  const held = applyMessages(loading, [message(4), message(2, { revision: 8, text: "new" })]);
  const loaded = applyPage(held, { kind: "window", atStart: true }, messages(1, 3));
  assert.deepEqual(seqs(loaded), [1, 2, 3, 4]);
  assert.equal(findBySeq(loaded.messages, 2)?.text, "new");
});

test("older and newer pages are joined to what is loaded", () => {
  let timeline: Timeline = { ...window(11, 20), loading: "older" };
  timeline = applyPage(timeline, { kind: "older", before: 11, hasMore: false }, messages(1, 10));
  assert.equal(timeline.atStart, true);
  timeline = applyPage({ ...timeline, loading: "newer" }, { kind: "newer", after: 20 }, messages(21, 25));
  assert.deepEqual(seqs(timeline), messages(1, 25).map(({ seq }) => seq));
});

test("a page of a window that has been replaced is dropped", () => {
  const elsewhere = window(100, 120);
  assert.equal(applyPage({ ...elsewhere, loading: "older" }, { kind: "older", before: 11, hasMore: true }, messages(1, 10)).messages[0]?.seq, 100);
  assert.deepEqual(applyPage(elsewhere, { kind: "newer", after: 110 }, messages(111, 130)), elsewhere);
});

test("the number of held messages is bounded", () => {
  const timeline = applyMessages(window(1, 3), messages(1000, 1999));
  assert.equal(timeline.held.length, 200);
});

test("the same revision with new URLs of its files replaces the old one", () => {
  const upload = { id: "u", ownerId: "bo", name: "a", type: "text/plain", size: 1, sha256: "", kind: "file" as const, thumbnails: [], createdAt: "" };
  const carrying = (url: string) => message(2, { attachments: [{ ...upload, url }] });
  const timeline = applyMessages(window(1, 1), [carrying("/old")]);
  assert.equal(applyMessages(timeline, [carrying("/old")]), timeline);
  assert.equal(findBySeq(applyMessages(timeline, [carrying("/new")]).messages, 2)?.attachments[0]?.url, "/new");
});
