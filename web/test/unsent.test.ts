import assert from "node:assert/strict";
import { test } from "node:test";
import { Unsent } from "../src/app/unsent";
import { Writers } from "../src/app/writers";
import { Turns } from "../src/lib/turns";
import { Act } from "../src/store/act";
import { Draft, PendingMessage } from "../src/store/state";
import { Store } from "../src/store/store";
import { ana, bo, conversation } from "./support";

/** The browser that several pages share: its storage, which may fail, and no locks, as over plain HTTP. */
function browser() {
  turns = fakeTurns();
  const items = new Map<string, string>();
  const faults = { isFull: false };
  const scope = globalThis as unknown as Record<string, unknown>;
  scope["localStorage"] = {
    get length() {
      return items.size;
    },
    key: (index: number) => [...items.keys()][index] ?? null,
    getItem: (key: string) => items.get(key) ?? null,
    removeItem: (key: string) => items.delete(key),
    setItem: (key: string, value: string) => {
      if (faults.isFull) throw new Error("QuotaExceededError");
      items.set(key, value);
    },
  };
  Object.defineProperty(globalThis, "navigator", { value: {}, configurable: true });
  const leaving: (() => void)[] = [];
  scope["window"] = { addEventListener: (name: string, listener: () => void) => name === "pagehide" && leaving.push(listener) };
  return { items, faults, leave: () => leaving.splice(0).forEach((listener) => listener()) };
}

/** The turns of the pages of one browser. */
let turns = fakeTurns();

/** Waits for all turns that were asked for. */
async function turned(): Promise<void> {
  for (let count = 0; count < 3; count += 1) await turns.take(() => []);
}

function fakeTurns(): Turns {
  const taken = new Set<string>();
  let last = Promise.resolve();
  return {
    take: (work) =>
      (last = last.then(async () => {
        // Others may be at it as long as they like.
        await new Promise((resolve) => setTimeout(resolve, 5));
        for (const name of work(taken)) taken.add(name);
      })),
  };
}

/** A page of `user`, and what it takes over. */
async function page(user = ana) {
  const store = new Store();
  store.dispatch({ type: "signedIn", user });
  const pending: PendingMessage[] = [];
  const acts: Act[] = [];
  const writers = {
    acts: { restore: (act: Act) => acts.push(act) },
    drafts: {
      restore: (conversationId: string, draft: Draft) => {
        if ((store.state.drafts[conversationId]?.text ?? "") !== "") return false;
        store.dispatch({ type: "draftChanged", conversationId, draft });
        return true;
      },
    },
    sending: { restore: (message: PendingMessage) => pending.push(message) },
  };
  const unsent = new Unsent(store, writers as unknown as Writers, turns);
  unsent.start(user.id);
  await turned();
  const write = (text: string, conversationId = "c") =>
    store.dispatch({ type: "draftChanged", conversationId, draft: { text, uploads: [] } });
  return { store, unsent, pending, acts, write, text: () => store.state.drafts["c"]?.text };
}

const message: PendingMessage = { clientId: "x", conversationId: "c", text: "words", uploads: [], createdAt: "2026-01-01T00:00:01Z", state: "sending" };

test("what a page leaves behind, the next one of the same person takes over, once", async () => {
  const { items, leave } = browser();
  const first = await page();
  first.store.dispatch({ type: "conversation", conversation: conversation(), isListed: true });
  first.write("half a sentence");
  first.store.dispatch({ type: "pendingAdded", pending: message });
  first.store.dispatch({ type: "actChanged", act: { id: "a", conversationId: "c", target: "m", change: { kind: "delete" }, createdAt: "2026-01-01T00:00:00Z" } });
  first.unsent.stop();
  leave();
  const stranger = await page(bo);
  assert.deepEqual([stranger.text(), stranger.pending, stranger.acts, stranger.unsent.hasWords], [undefined, [], [], false]);
  const second = await page();
  assert.equal(second.text(), "half a sentence");
  assert.deepEqual(second.pending.map(({ text }) => text), ["words"]);
  assert.deepEqual(second.acts.map(({ id }) => id), ["a"]);
  assert.deepEqual(second.store.state.titles, { c: "Bo" });
  second.write("");
  assert.equal([...items.keys()].filter((key) => key.startsWith("parley.unsent")).length, 0);
});

test("open pages keep a draft each, and leave each other's alone", async () => {
  const { leave } = browser();
  const first = await page();
  first.write("one");
  const second = await page();
  assert.equal(second.text(), undefined);
  second.write("two");
  assert.equal(first.text(), "one");
  leave();
  const third = await page();
  assert(["one", "two"].includes(third.text() ?? ""));
  third.write("");
  await third.unsent.adopt();
  assert(["one", "two"].includes(third.text() ?? ""), "the other one waits until there is room for it");
});

test("a file that is still on its way is named as lost, one that has arrived is kept", async () => {
  const { leave, items } = browser();
  const first = await page();
  const task = { name: "a.png", size: 1, type: "image/png", share: 0.5, preview: "blob:x" };
  const upload = { id: "u" } as never;
  first.store.dispatch({ type: "uploadAdded", task: { ...task, id: "1", state: "uploading" } });
  first.store.dispatch({ type: "uploadAdded", task: { ...task, id: "2", state: "done", upload } });
  first.store.dispatch({ type: "draftChanged", conversationId: "c", draft: { text: "", uploads: ["1", "2"] } });
  leave();
  const kept = JSON.parse([...items].find(([key]) => key.includes("/draft/"))?.[1] ?? "") as { tasks: { id: string; isLost?: boolean; preview?: string }[] };
  assert.deepEqual(kept.tasks.map(({ id, isLost, preview }) => [id, isLost, preview]), [["1", true, undefined], ["2", undefined, undefined]]);
});

test("storage without room breaks nothing, and a log-out deletes what is kept", async () => {
  const { items, faults } = browser();
  const first = await page();
  first.write("kept");
  faults.isFull = true;
  first.write("a longer text");
  faults.isFull = false;
  assert.equal(first.text(), "a longer text");
  assert.equal(first.unsent.hasWords, true);
  first.unsent.forget();
  assert.deepEqual([...items.keys()].filter((key) => key.startsWith("parley.unsent")), []);
});

test("what cannot be read is dropped", async () => {
  const { items } = browser();
  items.set("parley.unsent/ana/gone/draft/c", "{");
  const only = await page();
  assert.equal(only.text(), undefined);
  assert.equal(items.has("parley.unsent/ana/gone/draft/c"), false);
});

test("pages that open together do not take over the same words twice", async () => {
  const { leave } = browser();
  const first = await page();
  first.write("once");
  leave();
  const pages = await Promise.all([page(), page(), page()]);
  assert.deepEqual(pages.map(({ text }) => text()).filter((text) => text !== undefined), ["once"]);
});

test("a page to which storage is late does not take over again what another has", async () => {
  const { items, leave } = browser();
  const first = await page();
  first.write("once");
  leave();
  const before = new Map(items);
  const second = await page();
  assert.equal(second.text(), "once");
  // The third page sees the storage as it was before the second one opened.
  items.clear();
  for (const [key, value] of before) items.set(key, value);
  const third = await page();
  assert.equal(third.text(), undefined);
});

test("a page that opens while another looks who lives keeps what it has taken over", async () => {
  const { leave } = browser();
  const names = new Set<string>();
  const locks = {
    request: (name: string, work: () => unknown) => {
      names.add(name);
      return work();
    },
    query: () => Promise.resolve({ held: [...names].map((name) => ({ name })), pending: [] }),
  };
  Object.defineProperty(globalThis, "navigator", { value: { locks }, configurable: true });
  const first = await page();
  first.write("once");
  leave();
  const [second, third] = await Promise.all([page(), page()]);
  assert.deepEqual([second, third].map(({ text }) => text()).filter((text) => text !== undefined), ["once"]);
});

test("a session that begins anew in the same page brings back what the last one left", async () => {
  browser();
  const { store, unsent, pending, write, text } = await page();
  write("half a sentence");
  store.dispatch({ type: "pendingAdded", pending: message });
  unsent.stop();
  store.dispatch({ type: "signedOut" });
  store.dispatch({ type: "signedIn", user: ana });
  unsent.start(ana.id);
  await turned();
  assert.equal(text(), "half a sentence");
  assert.deepEqual(pending.map(({ clientId }) => clientId), ["x"]);
  unsent.stop();
  const later = await page();
  assert.equal(later.text(), undefined, "it still belongs to the page that is open");
});
