import assert from "node:assert/strict";
import { test } from "node:test";
import { GroupNotices } from "../src/app/groupNotices";
import { Answers, GroupNotice } from "../src/client/types";
import { foldedNotices } from "../src/store/notices";
import { RowBuilder } from "../src/store/rows";
import { PendingMessage } from "../src/store/state";
import { Store } from "../src/store/store";
import { happened } from "../src/texts/happened";
import { ana, conversation, deferred, message, messages } from "./support";

const person = (id: string) => ({ id, username: id, displayName: id.toUpperCase() });

function notice(id: number, seq: number, changes: Partial<GroupNotice> = {}): GroupNotice {
  return { id, seq, kind: "joined", by: person("bo"), people: [person("bo")], count: 1, at: "2026-01-01T12:00:00.000Z", ...changes };
}

test("a line says who did what, and speaks to the user as you", () => {
  const say = (changes: Partial<GroupNotice>) =>
    happened(notice(1, 0, changes), ({ id, displayName }) => (id === "ana" ? undefined : displayName)).replaceAll(/[\u2068\u2069]/g, "");
  const people = ["cleo", "dan", "eve"].map(person);
  const { by: _, ...nobody } = notice(1, 0);
  assert.equal(say({}), "BO joined");
  assert.equal(say({ kind: "left", people: [person("ana")] }), "You left");
  assert.equal(say({ kind: "added", people: [person("ana")] }), "BO added you");
  assert.equal(say({ kind: "added", people: [person("cleo"), person("ana")], count: 2 }), "BO added CLEO and you");
  assert.equal(say({ kind: "added", by: person("ana"), people, count: 1000 }), "You added CLEO, DAN, EVE and 997 others");
  assert.equal(say({ kind: "removed", people: [person("cleo")] }), "BO removed CLEO");
  assert.equal(say({ kind: "renamed", people: [], count: 0, title: "Hill" }), "BO renamed the group to “Hill”");
  const bySQL = (changes: Partial<GroupNotice>) =>
    happened({ ...nobody, ...changes }, ({ id, displayName }) => (id === "ana" ? undefined : displayName)).replaceAll(/[\u2068\u2069]/g, "");
  assert.equal(bySQL({ kind: "added", people: [person("ana")] }), "You were added");
  assert.equal(bySQL({ kind: "removed", people: [person("cleo")] }), "CLEO was removed");
  assert.equal(bySQL({ kind: "added", people: people.slice(0, 2), count: 2 }), "CLEO and DAN were added");
  assert.equal(bySQL({ kind: "renamed", people: [], count: 0, title: "Hill" }), "The group is called “Hill” now");
});

test("notices stand behind their message, before those on their way, and part a run", () => {
  const builder = new RowBuilder();
  const pending: PendingMessage = { clientId: "p", conversationId: "c", text: "x", uploads: [], createdAt: message(4).createdAt, state: "sending" };
  const shape = (rows: ReturnType<RowBuilder["build"]>) =>
    rows.map(({ above, below, isFirst, isLast }) => [above.map(({ id }) => id), below.map(({ id }) => id), isFirst, isLast]);
  const notices = [notice(1, 0), notice(2, 1), notice(3, 1), notice(4, 3)];
  const rows = builder.build(messages(1, 3), [], "ana", undefined, "", notices);
  assert.deepEqual(shape(rows), [
    [[1], [], true, true],
    [[2, 3], [], true, false],
    [[], [4], false, true],
  ]);
  const same = builder.build(messages(1, 3), [], "ana", undefined, "", [...notices]);
  assert.equal(same.length, 3);
  const items = messages(2, 3);
  const window = builder.build(items, [pending], "bo", undefined, "", notices);
  assert.deepEqual(shape(window), [
    [[2, 3], [], true, false],
    [[], [], false, true],
    [[4], [], true, true],
  ]);
  const again = builder.build(items, [pending], "bo", undefined, "", [...notices]);
  assert.equal(again[0], window[0], "what has not changed is not rendered again");
});

/** A group of so many members, and a server that knows notices and answers pages of `limit`, the newest first. */
function stage(memberCount: number, limit = 200) {
  const store = new Store();
  store.dispatch({ type: "signedIn", user: ana });
  store.dispatch({ type: "conversation", conversation: conversation({ kind: "group", memberCount }), isListed: true });
  const server: GroupNotice[] = [];
  const asked: string[] = [];
  const waiting: { run: () => void; wait: number }[] = [];
  let gate: Promise<void> | undefined;
  const loader = new GroupNotices(
    {
      notices: async (_, { after, before, cursor }): Promise<Answers["listNotices"]> => {
        asked.push([after, before ?? "", ...(cursor === undefined ? [] : [cursor])].join(" "));
        await gate;
        const end = cursor === undefined ? server.length : server.findIndex(({ id }) => `at ${id}` === cursor);
        const wanted = server.slice(0, end).filter(({ seq }) => seq >= after && seq < (before ?? Infinity));
        const found = wanted.slice(-limit);
        const hasMore = wanted.length > limit;
        return { notices: found, hasMore, ...(hasMore && found[0] !== undefined ? { nextCursor: `at ${found[0].id}` } : {}) };
      },
    },
    store,
    {
      random: () => 0.5,
      later: (run, wait) => {
        const entry = { run, wait };
        waiting.push(entry);
        return () => waiting.splice(waiting.indexOf(entry), 1);
      },
    },
  );
  const settled = () => new Promise((resolve) => setTimeout(resolve, 0));
  return {
    store, server, asked, waiting, loader, settled,
    held: () => store.state.groupNotices["c"]?.map(({ id }) => id),
    hold: (promise: Promise<void> | undefined) => (gate = promise),
    pass: async () => {
      for (const { run } of waiting.splice(0)) run();
      await settled();
    },
  };
}

test("a new part of the history is read at once, and only what is new of it", async () => {
  const { server, asked, waiting, loader, settled, held } = stage(101);
  server.push(notice(1, 10), notice(2, 60), notice(3, 110), notice(4, 150));
  loader.load("c", { after: 100 }, 1);
  await settled();
  assert.deepEqual(held(), [3, 4]);
  loader.load("c", { after: 50 }, 1);
  loader.load("c", { after: 50 }, 1);
  await settled();
  assert.deepEqual(held(), [2, 3, 4]);
  loader.load("c", { after: 0, before: 20 }, 1);
  await settled();
  assert.deepEqual(held(), [1, 2, 3, 4]);
  assert.deepEqual(asked, ["100 ", "50 100", "0 20"]);
  assert.equal(waiting.length, 0);
});

test("after a change, the pages of a large group spread, and a burst is one request", async () => {
  for (const [members, wait] of [[101, 2_700], [100, 200]] as const) {
    const { server, asked, waiting, loader, settled, held, pass } = stage(members);
    loader.load("c", { after: 5 }, 1);
    await settled();
    server.push(notice(1, 7));
    for (const revision of [2, 3, 4]) loader.load("c", { after: 5 }, revision);
    await settled();
    assert.deepEqual(waiting.map((entry) => entry.wait), [wait]);
    assert.equal(asked.length, 1);
    await pass();
    assert.deepEqual(asked, ["5 ", "5 "]);
    assert.deepEqual(held(), [1]);
    loader.load("c", { after: 5 }, 5);
    loader.close("c");
    assert.equal(waiting.length, 0, "nobody looks any more");
  }
});

test("all pages of a part are read, and a change reads the newest one only", async () => {
  const { server, asked, loader, settled, held, pass } = stage(3, 100);
  for (let id = 1; id <= 250; id += 1) server.push(notice(id, 7));
  server.push(notice(251, 300, { kind: "renamed", title: "Hill" }));
  loader.load("c", { after: 0 }, 1);
  await settled();
  assert.equal(held()?.length, 251);
  assert.deepEqual(asked, ["0 ", "0  at 152", "0  at 52"]);
  server.push(notice(252, 300));
  loader.load("c", { after: 0 }, 2);
  await pass();
  assert.equal(held()?.length, 252);
  assert.equal(asked.length, 4);
  for (let id = 253; id <= 2_000; id += 1) server.push(notice(id, 301));
  loader.load("c", { after: 0 }, 3);
  await pass();
  assert.equal(asked.length, 9, "there is an end to it");
});

test("what a moderator has removed or changed goes from the page", async () => {
  const { store, server, loader, settled, held, pass } = stage(3);
  server.push(notice(1, 1), notice(2, 1, { kind: "renamed", title: "Bad" }), notice(3, 2, { kind: "renamed", title: "Worse" }));
  loader.load("c", { after: 0 }, 1);
  await settled();
  const [first] = store.state.groupNotices["c"] ?? [];
  server.splice(1, 2, notice(3, 2, { kind: "renamed", title: "***" }));
  server[0] = notice(1, 1);
  loader.load("c", { after: 0 }, 2);
  await pass();
  assert.deepEqual(held(), [1, 3]);
  assert.equal(store.state.groupNotices["c"]?.[1]?.title, "***");
  assert.equal(store.state.groupNotices["c"]?.[0], first, "what is as before is not rendered again");
});

test("an answer for a group that is gone is dropped, and a failure begins anew", async () => {
  const { store, server, asked, loader, settled, held, hold } = stage(3);
  const answer = deferred();
  server.push(notice(1, 1));
  hold(Promise.reject(new Error("offline")));
  loader.load("c", { after: 0 }, 1);
  await settled();
  assert.equal(held(), undefined);
  hold(answer.promise);
  loader.load("c", { after: 0 }, 1);
  await settled();
  assert.equal(asked.length, 2);
  store.dispatch({ type: "conversationGone", id: "c" });
  answer.resolve();
  await settled();
  assert.equal(held(), undefined);
});

test("many who came one after the other are one line of their day", () => {
  const say = (notices: readonly GroupNotice[]) =>
    foldedNotices(notices).map((each) => happened(each, ({ displayName }) => displayName).replaceAll(/[\u2068\u2069]/g, ""));
  const joined = (id: number, changes: Partial<GroupNotice> = {}) => {
    const who = person(`p${id}`);
    return notice(id, 7, { by: who, people: [who], ...changes });
  };
  const many = Array.from({ length: 200 }, (_, index) => joined(index + 1));
  const rename = notice(300, 7, { kind: "renamed", people: [], count: 0, title: "Hill" });
  assert.deepEqual(say([...many, rename]), ["P1, P2, P3 and 197 others joined", "BO renamed the group to “Hill”"]);
  assert.deepEqual(say(many.slice(0, 3)), ["P1 joined", "P2 joined", "P3 joined"]);
  const added = many.map((each) => ({ ...each, kind: "added" as const, by: person(each.id <= 100 ? "ana" : "bo") }));
  assert.deepEqual(say(added), ["ANA added P1, P2, P3 and 97 others", "BO added P101, P102, P103 and 97 others"]);
  const days = many.map((each) => ({ ...each, at: each.id <= 100 ? each.at : "2026-01-05T12:00:00.000Z" }));
  assert.equal(say(days).length, 2);
  const [row] = new RowBuilder().build(messages(7, 7), [], "ana", undefined, "", many);
  assert.deepEqual(row?.below.map(({ count }) => count), [200]);
});
