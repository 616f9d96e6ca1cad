import assert from "node:assert/strict";
import { test } from "node:test";
import { parseRoute, pathOf } from "../src/app/router";
import { isAnimated } from "../src/lib/animation";
import { decodeBlurhash } from "../src/lib/blurhash";
import { basePathOf } from "../src/lib/basePath";
import { emojiGroups, findEmoji, toned } from "../src/lib/emoji";
import { characterStart } from "../src/lib/graphemes";
import { byteSize, initials, isEmojiOnly, stableIndex } from "../src/lib/format";
import { linkify } from "../src/lib/linkify";
import { dayLabel, duration, shortTime } from "../src/texts/time";
import { deviceName } from "../src/lib/userAgent";
import * as texts from "../src/texts";
import { RowBuilder } from "../src/store/rows";
import { growth, linear, ratio } from "./costs";
import { message } from "./support";

const links = (text: string) => linkify(text).flatMap((part) => (part.kind === "link" ? [part.href] : []));

test("links are found without the punctuation around them", () => {
  assert.deepEqual(links("see https://a.example/x?y=1, ok."), ["https://a.example/x?y=1"]);
  assert.deepEqual(links("(https://a.example/wiki/A_(b))"), ["https://a.example/wiki/A_(b)"]);
  assert.deepEqual(links("www.a.example and me@a.example!"), ["https://www.a.example/", "mailto:me@a.example"]);
});

test("nothing but http, https and mailto becomes a link", () => {
  for (const text of ["javascript:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc/passwd", "JaVaScRiPt://%0aalert(1)"]) {
    assert.deepEqual(links(text), [], text);
  }
});

test("linkifying loses no character", () => {
  const text = 'a <b> https://x.example/"quoted" www. @ mail@x.example\nend';
  assert.equal(linkify(text).map((part) => part.text).join(""), text);
});

/** Texts that are meant to be slow: a repeated piece, with a text before and after it. */
const hostileTexts: ((length: number) => string)[] = [
  ...["]", ")", "[", "(", ")]", "[)", "]))", ".", "'", "»", "_", "a", "a.", "a-", "+", "é", "\u{10FFFF}", "w", "www.", "/", "https://", "@", "a@", "a@b", "a@b.c", "a.@", "ａ", "\u0301", "字"].flatMap((piece) =>
    ["", "https://a", "www.a", "a@a.a", "https://", "a@", "a ", "<"].map((start) => (length: number) => start + piece.repeat(Math.ceil(length / piece.length))),
  ),
  (length) => `https://a${"(".repeat(length / 2)}${")".repeat(length / 2)}`,
  (length) => `${"a".repeat(length)}@a.a`,
  (length) => `a@${"a.".repeat(length / 2)}`,
  (length) => "https://a ".repeat(length / 10),
  (length) => "a@b.c ".repeat(length / 6),
  (length) => "www.www.www.www.www. ".repeat(length / 21),
  (length) => `https://${Array.from({ length }, (_, index) => String.fromCodePoint(0x4e00 + index)).join("")}`,
  (length) => "🦰".repeat(length / 2) + "a",
  (length) => `${"👍".repeat(length / 2)}!`,
];

test("no text takes more than linear time to show", () => {
  for (const make of hostileTexts) {
    for (const show of [linkify, isEmojiOnly, initials]) {
      const grown = growth(show, make);
      assert(grown <= linear, `${show.name} of ${make(1_000).slice(0, 20)}…: ${grown.toFixed(1)}`);
    }
  }
});

test("an emoji of two kinds does not multiply the attempts to match", () => {
  // Hair counts both as a pictograph and as a component. 38 of them are just short enough to be matched.
  const text = `${"\u{1F9B0}".repeat(19)}ab`;
  assert.equal(isEmojiOnly(text), false);
  // Five times the length; each one that counts twice would double it.
  assert(ratio(() => isEmojiOnly(text), () => isEmojiOnly(`${"\u{1F9B0}".repeat(4)}ab`), 50) <= 50);
});

test("mail and web addresses next to each other", () => {
  assert.deepEqual(links("a@b@c.de x.me+y@www.a.de,www.b.de"), ["mailto:b@c.de", "mailto:x.me+y@www.a.de", "https://www.b.de/"]);
  assert.deepEqual(links("https://me@a.de/x@y.z a..b@c..de -a@b.c."), ["https://me@a.de/x@y.z", "mailto:a@b.c"]);
  assert.deepEqual(links("[see www.a.de/x[1]] (or https://b.de/(c)))."), ["https://www.a.de/x[1]", "https://b.de/(c)"]);
});

test("every view has an address that leads to it", () => {
  for (const path of ["/", "/login", "/register", "/c/1", "/c/1/m/42", "/c/1/details", "/c/1/search", "/c/1/media", "/c/1/files", "/c/1/links", "/new", "/new/group", "/discover", "/profile"]) {
    assert.equal(pathOf(parseRoute(path)), path);
  }
  for (const path of ["/nothing", "/c/1/m/0", "/c/1/m/x", "/c/1/other", "/profile/x", "/c"]) {
    assert.equal(parseRoute(path).view, "unknown", path);
  }
});

test("the page's script says below which path the server is", () => {
  assert.equal(basePathOf("https://a.example/assets/main-1.js"), "");
  assert.equal(basePathOf("https://a.example/chat/assets/main-1.js"), "/chat");
  assert.equal(basePathOf("https://a.example/a/b/assets/main-1.js"), "/a/b");
  assert.equal(basePathOf(""), "", "in these tests");
});

test("a blurhash gives its average color, and nonsense gives nothing", () => {
  const pixels = decodeBlurhash("00E.w,", 1, 1);
  assert.equal(pixels?.length, 4);
  assert.equal(pixels?.[3], 255);
  const blurred = decodeBlurhash("LEHV6nWB2yk8pyo0adR*.7kCMdnj", 4, 3);
  assert.equal(blurred?.length, 48);
  for (const text of ["", "0", "LEHV6n", "LEHV6nWB2yk8pyo0adR*.7kCMdn ", "\u{1F600}"]) assert.equal(decodeBlurhash(text, 2, 2), undefined, text);
});

test("sizes, initials and colors", () => {
  assert.deepEqual([0, 999, 1000, 9960, 999_600, 12_345_678].map(byteSize), ["0 B", "999 B", "1.0 kB", "10 kB", "1.0 MB", "12 MB"]);
  assert.deepEqual(["Ana Lovelace", "bo", "  ", "Ana de la Cruz", "👩‍🚀 Zoe"].map(initials), ["AL", "B", "?", "AC", "👩‍🚀Z"]);
  assert.equal(stableIndex("some id", 8), stableIndex("some id", 8));
});

test("only texts of a few emoji are shown large", () => {
  for (const text of ["👍", "🎉🎉", "👨‍👩‍👧‍👦", "🇫🇷", "❤️ 👍"]) assert.equal(isEmojiOnly(text), true, text);
  for (const text of ["", "1", "12", "#", "hi 👍", "👍👍👍👍"]) assert.equal(isEmojiOnly(text), false, text);
});

test("times are shown as people say them", () => {
  const now = new Date(2026, 5, 15, 12, 0);
  const ago = (days: number) => new Date(2026, 5, 15 - days, 9, 30).toISOString();
  assert.match(shortTime(ago(0), now), /9:30/);
  assert.equal(shortTime(ago(1), now), "Yesterday");
  assert.match(shortTime(ago(3), now), /^[A-Z][a-z]{2}$/);
  assert.equal(dayLabel(ago(0), now), "Today");
  assert.match(dayLabel(ago(400), now), /2025/);
  assert.equal(duration(65.4), "1:05");
});

test("a device is named by its browser and system", () => {
  assert.equal(deviceName("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"), "Firefox, Linux");
  assert.equal(deviceName("something/1.0"), "something/1.0");
  assert.equal(deviceName(undefined), undefined);
});

test("rows are grouped by sender and time, and separated by day and at the first unread message", () => {
  const at = (minute: number) => new Date(2026, 0, 1, 10, minute).toISOString();
  const rows = new RowBuilder().build(
    [message(1, { createdAt: at(0) }), message(2, { createdAt: at(1) }), message(3, { createdAt: at(9) }), message(4, { createdAt: new Date(2026, 0, 2).toISOString() })],
    [],
    "ana",
    2,
  );
  assert.deepEqual(rows.map(({ isFirst, isLast }) => [isFirst, isLast]), [[true, true], [true, true], [true, true], [true, true]]);
  assert.deepEqual(rows.map(({ isDayStart }) => isDayStart), [true, false, false, true]);
  assert.deepEqual(rows.map(({ isUnreadStart }) => isUnreadStart), [false, true, false, false]);
  const run = new RowBuilder().build([message(1, { createdAt: at(0) }), message(2, { createdAt: at(1) })], [], "ana", undefined);
  assert.deepEqual(run.map(({ isFirst, isLast }) => [isFirst, isLast]), [[true, false], [false, true]]);
});

test("a message keeps its row when it is sent", () => {
  const pending = { clientId: "x", conversationId: "c", text: "", uploads: [], createdAt: new Date().toISOString(), state: "sending" as const };
  const sender = { id: "ana", username: "ana", displayName: "Ana" };
  assert.equal(new RowBuilder().build([], [pending], "ana", undefined)[0]?.key, new RowBuilder().build([message(1, { sender, clientId: "x" })], [], "ana", undefined)[0]?.key);
});

test("unchanged rows stay the same objects, whatever is inserted around them", () => {
  const builder = new RowBuilder();
  const held = [message(3), message(4), message(5)];
  const before = builder.build(held, [], "ana", undefined);
  const after = builder.build([message(1), message(2), ...held, message(6)], [], "ana", undefined);
  assert(after[3] === before[1], "a row in the middle was built anew");
  assert(after[4] !== before[2], "a row that is no longer the last of its run was kept");
  assert.deepEqual(after.map((row) => row.message?.seq), [1, 2, 3, 4, 5, 6]);
});

test("every emoji is one emoji, has a name, and is listed once", () => {
  assert.equal(emojiGroups.length, texts.emoji.groups.length);
  const all = emojiGroups.flat();
  assert(all.length > 1_800);
  assert.deepEqual(all.filter(({ emoji, name }) => !(isEmojiOnly(emoji) || /^[#*\d]/.test(emoji)) || name.trim() === ""), []);
  assert.equal(new Set(all.map(({ emoji }) => emoji)).size, all.length);
  assert.equal(new Set(all.map(({ name }) => name)).size, all.length);
});

test("emoji are found by the beginnings of their words, nicknames first, and take tones", () => {
  assert.equal(findEmoji("tada")[0]?.emoji, "🎉");
  assert.equal(findEmoji("thumbs up")[0]?.emoji, "👍");
  assert.equal(findEmoji("germ")[0]?.emoji.length, 4);
  assert.deepEqual(findEmoji("no such thing"), []);
  const wave = findEmoji("waving hand")[0];
  assert(wave !== undefined);
  assert.equal(toned(wave, "\u{1F3FD}"), "👋🏽");
  const victory = findEmoji("victory hand")[0];
  assert(victory !== undefined);
  assert.equal(toned(victory, "\u{1F3FB}"), "✌🏻");
  const grin = findEmoji("grinning face")[0];
  assert(grin !== undefined);
  assert.equal(toned(grin, "\u{1F3FB}"), grin.emoji);
});

test("an excerpt begins and ends between characters as people see them", () => {
  const family = "👩‍👩‍👧‍👦";
  const flag = "🇫🇷";
  for (const [text, starts] of [[`a${family}b`, [0, 1, 1 + family.length]], ["e\u0301\u0323x", [0, 3]], [`${flag}${flag}`, [0, 4]], ["\u1100\u1161\u11A8a", [0, 3]]] as const) {
    for (let index = 0; index < text.length; index += 1) {
      const expected = Math.max(...starts.filter((start) => start <= index));
      assert.equal(characterStart(text, index), expected, `${text} at ${index}`);
    }
    assert.equal(characterStart(text, text.length + 5), text.length);
    assert.equal(characterStart(text, -5), 0);
  }
});

test("whether a picture moves is asked again after a failure, and never of the page's own files", async () => {
  const { fetch } = globalThis;
  const asked: string[] = [];
  const moving = Uint8Array.from([..."RIFF0000WEBPVP8X", "\x0a", "\0", "\0", "\0", "\x02"], (sign) => sign.charCodeAt(0));
  const answers = [() => Promise.reject(new TypeError("offline")), async () => new Response(null, { status: 401 }), async () => new Response(moving)];
  globalThis.fetch = (async (url: string) => {
    asked.push(url);
    return answers[asked.length - 1]?.();
  }) as unknown as typeof globalThis.fetch;
  try {
    assert.equal(await isAnimated("blob:x"), false);
    const found = [];
    for (const signature of ["1", "1", "2", "2"]) found.push(await isAnimated(`/upload/a?s=${signature}`));
    assert.deepEqual(found, [false, false, true, true]);
    assert.deepEqual(asked, ["/upload/a?s=1", "/upload/a?s=1", "/upload/a?s=2"]);
  } finally {
    globalThis.fetch = fetch;
  }
});
