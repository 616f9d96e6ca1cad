import assert from "node:assert/strict";
import { test } from "node:test";
import { tooLongDescribed } from "../src/app/draftFiles";
import { itemsOf, Shared } from "../src/app/shared";
import { indexAt, itemBeside, keyOf, placeOf, presentItems, walkable } from "../src/app/sharedItems";
import { ApiError } from "../src/client/errors";
import { Message, SharedPage, Upload } from "../src/client/types";
import { groupsOf, partsOf, partsWithin } from "../src/lib/sharedRows";
import { deferred, message } from "./support";

function upload(id: string, changes: Partial<Upload> = {}): Upload {
  return { id, ownerId: "bo", name: `${id}.png`, type: "image/png", size: 1, sha256: "", kind: "image", url: `/${id}`, thumbnails: [], createdAt: "", ...changes };
}

/** A server with a picture in each message 1 … count, in pages of two. */
function server(count: number) {
  const asked: string[] = [];
  const isDown = { now: false };
  const shared = async (_id: string, _kind: string, place: { before?: number; after?: number; cursor?: string }): Promise<SharedPage> => {
    asked.push(JSON.stringify({ ...place, limit: undefined }));
    if (isDown.now) throw new Error("offline");
    const [seq = "", order] = (place.cursor ?? "").split("-");
    const after = place.after ?? (order === "oldest" ? Number(seq) : undefined);
    const before = place.before ?? (place.cursor === undefined ? Infinity : Number(seq));
    const all = Array.from({ length: count }, (_, index) => index + 1);
    const rest = after === undefined ? all.filter((one) => one < before).reverse() : all.filter((one) => one > after);
    const page = rest.slice(0, 2);
    const items = page.flatMap((one) => itemsOf(message(one, { attachments: [upload(`u${one}`)] })));
    return { items, ...(rest.length > 2 ? { nextCursor: `${page[1]}${after === undefined ? "" : "-oldest"}` } : {}) };
  };
  return { asked, isDown, routes: { shared, message: async (id: string) => message(Number(id.slice(1)), { attachments: [upload(`u${id.slice(1)}`, { url: "/new" })] }) } };
}

const seqs = (shared: Shared) => shared.items.map(({ seq }) => seq);

test("what was shared grows from the newest to the oldest, and by what is new", async () => {
  const { routes, asked } = server(5);
  const shared = new Shared(routes, "c", "media");
  await Promise.all([shared.load("older"), shared.load("older")]);
  assert.deepEqual([seqs(shared), asked.length], [[5, 4], 1]);
  while (shared.hasMore.older) await shared.load("older");
  assert.deepEqual(seqs(shared), [5, 4, 3, 2, 1]);
  const grown = new Shared({ ...routes, shared: server(7).routes.shared }, "c", "media", shared.items);
  await grown.load("newer");
  assert.deepEqual(seqs(grown), [7, 6, 5, 4, 3, 2, 1]);
});

test("from a message it grows in both directions, at once too", async () => {
  const shared = new Shared(server(9).routes, "c", "media", itemsOf(message(5, { attachments: [upload("u5")] })));
  while (shared.hasMore.older || shared.hasMore.newer) await Promise.all([shared.load("older"), shared.load("newer")]);
  assert.deepEqual(seqs(shared), [9, 8, 7, 6, 5, 4, 3, 2, 1]);
});

test("without an item, what is new waits for the first page", async () => {
  const shared = new Shared(server(2).routes, "c", "media");
  await Promise.all([shared.load("older"), shared.load("newer")]);
  assert.deepEqual(seqs(shared), [2, 1]);
});

test("a page that fails is said, and comes with the next attempt", async () => {
  const { routes, isDown } = server(3);
  const shared = new Shared(routes, "c", "media");
  let told = 0;
  shared.subscribe(() => (told += 1));
  isDown.now = true;
  await shared.load("older");
  assert.deepEqual([shared.isBroken, shared.isLoaded, told], [true, false, 1]);
  isDown.now = false;
  await shared.load("older");
  assert.deepEqual([shared.isBroken, seqs(shared)], [false, [3, 2]]);
});

test("what arrives while a page is fetched is asked for after that", async () => {
  let count = 2;
  const ways = [deferred(), deferred()];
  const begun = [deferred(), deferred()];
  let calls = 0;
  // The answer is put together before it is on its way.
  const shared = new Shared(
    {
      ...server(0).routes,
      shared: async (id, kind, place) => {
        const number = calls++;
        const page = await server(count).routes.shared(id, kind, place as { before?: number });
        begun[number]?.resolve();
        await ways[number]?.promise;
        return page;
      },
    },
    "c",
    "media",
  );
  const first = shared.follow();
  await begun[0]?.promise;
  count = 3;
  assert.equal(shared.follow(), first);
  ways[0]?.resolve();
  await begun[1]?.promise;
  count = 9;
  void shared.follow();
  ways[1]?.resolve();
  // All of it, and not only its first page.
  await first;
  assert.deepEqual(seqs(shared), [9, 8, 7, 6, 5, 4, 3, 2, 1]);
  const before = calls;
  await shared.follow();
  assert.equal(calls, before + 1);
});

test("a page that somebody else has asked for does not stand for what came since", async () => {
  let count = 2;
  const way = deferred();
  let isHeld = false;
  const shared = new Shared(
    {
      ...server(0).routes,
      shared: async (id, kind, place) => {
        const page = await server(count).routes.shared(id, kind, place as { before?: number });
        if (isHeld) await way.promise;
        return page;
      },
    },
    "c",
    "media",
  );
  await shared.follow();
  isHeld = true;
  void shared.load("newer");
  await Promise.resolve();
  count = 3;
  const following = shared.follow();
  isHeld = false;
  way.resolve();
  await following;
  assert.deepEqual(seqs(shared), [3, 2, 1]);
});

test("following ends with a failure, and goes on with the next attempt", async () => {
  const { routes, isDown } = server(3);
  const shared = new Shared(routes, "c", "media");
  isDown.now = true;
  await shared.follow();
  assert.equal(shared.isBroken, true);
  isDown.now = false;
  await shared.follow();
  assert.deepEqual([shared.isBroken, seqs(shared)], [false, [3, 2]]);
});

test("pages are fetched until there is enough, or no more, or one fails", async () => {
  const { routes, asked, isDown } = server(9);
  const shared = new Shared(routes, "c", "media");
  assert.equal(await shared.loadUntil("older", () => shared.items.length >= 3), true);
  assert.deepEqual([seqs(shared), asked.length], [[9, 8, 7, 6], 2]);
  isDown.now = true;
  assert.equal(await shared.loadUntil("older", () => false), false);
  assert.equal(asked.length, 3);
  isDown.now = false;
  assert.equal(await shared.loadUntil("older", () => false), true);
  assert.equal(seqs(shared).length, 9);
});

test("a file that was taken out of a message that stays is taken out", async () => {
  const { routes } = server(2);
  const shared = new Shared({ ...routes, message: async () => message(2) }, "c", "media");
  await shared.load("older");
  assert.equal(await shared.renew("m2", "u2", "/u2"), false);
  assert.deepEqual(seqs(shared), [1]);
});

/** Pictures in messages 1 … count, newest first; those of blocked people are of Bo. */
const pictures = (count: number) => Array.from({ length: count }, (_, index) => itemsOf(message(count - index, { attachments: [upload(`u${count - index}`)] }))).flat();

test("in groups what blocked people shared is left out, but for a message that was opened", () => {
  const items = pictures(3);
  const ofCy = items.map((item) => (item.seq === 2 ? { ...item, sender: { ...item.sender, id: "cy" } } : item));
  const state = { kept: {}, blocked: { bo: true } as const };
  const left = (kind: "group" | "direct", opened?: string) => presentItems(ofCy, state, { kind }, opened).map(({ seq }) => seq);
  assert.deepEqual([left("group"), left("group", "m3"), left("direct")], [[2], [3, 2], [3, 2, 1]]);
});

test("what is gone from its message is left out, and words are as they are by now", () => {
  const kept: Record<string, Message> = {
    m1: message(1, { attachments: [upload("u1")], text: "edited" }),
    m2: message(2),
    m3: message(3, { attachments: [upload("u3")], deletedAt: "2026-01-02T00:00:00.000Z" }),
  };
  const left = presentItems(pictures(4), { kept, blocked: {} }, { kind: "group" });
  assert.deepEqual(left.map(({ seq, text }) => [seq, text]), [[4, "text 4"], [1, "edited"]]);
});

test("the place of what is gone is where the next one is", () => {
  const [four, three, two, one] = pictures(4);
  assert(one && two && three && four);
  const items = walkable([four, two, one], "");
  assert.deepEqual(items.map(keyOf), ["m1/u1", "m2/u2", "m4/u4"]);
  assert.equal(indexAt(items, placeOf(two)), 1);
  assert.equal(indexAt(items, placeOf(three)), 2);
  assert.equal(indexAt(items.slice(0, 2), placeOf(four)), 1);
  assert.equal(indexAt([], placeOf(four)), -1);
  const beside = (place: typeof one, by: 1 | -1) => itemBeside(items, placeOf(place), by)?.seq;
  assert.deepEqual([beside(one, -1), beside(one, 1), beside(two, 1), beside(four, 1)], [undefined, 2, 4, undefined]);
  assert.deepEqual([beside(three, -1), beside(three, 1)], [2, 4]);
});

test("a sound is walked to only if it was opened", () => {
  const items = itemsOf(message(1, { attachments: [upload("a"), upload("b", { kind: "audio" }), upload("c", { kind: "video" })] }));
  const walked = (current: string) => walkable(items, current).map(({ attachment }) => attachment?.id);
  assert.deepEqual([walked("m1/a"), walked("m1/b")], [["a", "c"], ["a", "b", "c"]]);
});

test("only the descriptions of files that are there are too long", () => {
  const words = { a: "x".repeat(1001), b: "short", c: "x".repeat(1001) };
  assert.equal(tooLongDescribed(["b", "c", "a"], words), "c");
  assert.equal(tooLongDescribed(["b", "d"], words), undefined);
});

test("an expired URL is renewed, and what is gone is taken out", async () => {
  const { routes } = server(2);
  const shared = new Shared(routes, "c", "media");
  await shared.load("older");
  assert.equal(await shared.renew("m2", "u2", "/u2"), true);
  assert.equal(await shared.renew("m2", "u2", "/new"), false);
  assert.equal(shared.items[0]?.attachment?.url, "/new");
  const gone = new Shared({ ...routes, message: () => Promise.reject(new ApiError(404, "not_found", "")) }, "c", "media", shared.items);
  assert.equal(await gone.renew("m1", "u1", "/u1"), false);
  assert.deepEqual(seqs(gone), [2]);
});

test("the items of a message are its media, the last first", () => {
  const attachments = [upload("a"), upload("b", { kind: "file" }), upload("c", { kind: "audio" })];
  assert.deepEqual(itemsOf(message(1, { attachments })).map(({ attachment }) => attachment?.id), ["c", "a"]);
});

test("items stand in rows under their months, and those in view are found", () => {
  const items = [..."bbbbbaaa"].map((month, index) => ({ month, id: `${month}${index}` }));
  const parts = partsOf(items, ({ month }) => month, { columns: 3, heading: 10, row: 100 });
  const shown = (some: typeof parts | ReturnType<typeof partsWithin<(typeof items)[number]>>) => some.map(({ top, month, items: line }) => `${top} ${month ?? line.length}`);
  assert.deepEqual(shown(parts), ["0 b", "10 3", "110 2", "210 a", "220 3"]);
  assert.deepEqual(shown(partsWithin(parts, 0, 10)), ["0 b"]);
  assert.deepEqual(shown(partsWithin(parts, 109, 111)), ["10 3", "110 2"]);
  assert.deepEqual(shown(partsWithin(parts, 110, 215)), ["110 2", "210 a"]);
  assert.deepEqual(partsWithin(parts, 400, 500), []);
  const groups = groupsOf(partsWithin(parts, 110, 215)).map(({ key, heading, rows }) => [key, heading?.month, ...rows.map(({ items: line }) => line.length)]);
  assert.deepEqual(groups, [["b", undefined, 2], ["a", "a"]]);
  assert.deepEqual(partsOf([], () => "", { columns: 3, heading: 10, row: 100 }), []);
});
