import assert from "node:assert/strict";
import { test } from "node:test";
import { powerOfTwo, waveformOf } from "../src/lib/recording";
import { isVoiceMessage } from "../src/lib/voice";
import { receipts } from "../src/store/receipts";
import { uploadOf } from "../src/store/shown";
import { ana, bo, conversation, message } from "./support";

test("a recording has at most 100 peaks, each the loudest of its part", () => {
  const levels = Array.from({ length: 250 }, (_, index) => (index === 249 ? 1 : 0.1));
  const waveform = waveformOf(levels);
  assert.equal(waveform.length, 100);
  assert.deepEqual([waveform[0], waveform[99]], [26, 255]);
  assert.deepEqual(waveformOf([0, 0.5, 2]), [0, 128, 255]);
  assert.deepEqual(waveformOf([]), []);
});

test("only recordings are voice messages", () => {
  assert.deepEqual(["voice-message.webm", "voice-message.m4a", "my voice-message.webm", "voice-message", "voice-message.webm.exe"].map(isVoiceMessage), [true, true, false, false, false]);
});

test("a recording on its way looks as it will when it has arrived", () => {
  const task = { id: "1", name: "voice-message.webm", size: 9, type: "audio/webm", share: 0, state: "uploading", preview: "blob:x" } as const;
  assert.equal(uploadOf(task, "ana").kind, "file", "the browser cannot tell its length");
  const shown = uploadOf({ ...task, duration: 2, waveform: [1, 2] }, "ana");
  assert.deepEqual([shown.kind, shown.duration, shown.waveform, shown.url], ["audio", 2, [1, 2], "blob:x"]);
});

test("receipts name who has read a message, and whom it has reached", () => {
  const members = [
    { user: ana, role: "owner", deliveredSeq: 9, readSeq: 9 },
    { user: bo, role: "member", deliveredSeq: 9, readSeq: 5 },
    { user: { ...bo, id: "cy" }, role: "member", deliveredSeq: 5, readSeq: 4 },
    { user: { ...bo, id: "di" }, role: "member", deliveredSeq: 4, readSeq: 4 },
    { user: { ...bo, id: "ed", closed: true }, role: "member", deliveredSeq: 9, readSeq: 9 },
  ] as const;
  const group = conversation({ kind: "group", members: [...members], memberCount: 5 });
  const own = message(5, { sender: { id: "ana", username: "ana", displayName: "Ana" } });
  const { read = [], delivered = [], sent = [] } = receipts(own, group) ?? {};
  assert.deepEqual([read, delivered, sent].map((users) => users.map(({ id }) => id)), [["bo"], ["cy"], ["di"]]);
  assert.equal(receipts(own, { ...group, memberCount: 6 }), undefined, "not all members are known");
});

test("a meter hears all that was said since the level before", () => {
  assert.deepEqual([44_100, 48_000, 96_000].map((rate) => powerOfTwo(rate * 0.12)), [8_192, 8_192, 16_384]);
  assert.equal(powerOfTwo(1_000_000), 32_768);
});
