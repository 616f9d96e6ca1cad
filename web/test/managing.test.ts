import assert from "node:assert/strict";
import { test } from "node:test";
import type { Chat } from "../src/app/chat";
import { Managing } from "../src/app/managing";
import { Store } from "../src/store/store";
import { ana, deferred } from "./support";

test("changes of the account go one after the other, also after one that failed", async () => {
  const turn = () => new Promise((resolve) => setTimeout(resolve));
  const sent: string[] = [];
  const answers = [deferred<unknown>(), deferred<unknown>(), deferred<unknown>()];
  const http = { patch: (_: string, { about }: { about: string }) => answers[sent.push(about) - 1]?.promise };
  const store = new Store();
  store.dispatch({ type: "meChanged", user: ana });
  const managing = new Managing({ parley: { http }, store } as unknown as Chat);
  const [first, second, third] = ["1", "2", "3"].map((about) => managing.updateMe({ about }));
  await turn();
  assert.deepEqual(sent, ["1"]);
  answers[0]?.resolve({ ...ana, about: "1" });
  await first;
  await turn();
  assert.deepEqual(sent, ["1", "2"]);
  answers[1]?.resolve(Promise.reject(new Error("refused")));
  await assert.rejects(second ?? Promise.resolve(), (error) => String(error).includes("refused"));
  answers[2]?.resolve({ ...ana, about: "3" });
  await third;
  assert.deepEqual(sent, ["1", "2", "3"]);
  assert.equal(store.state.me?.about, "3");
});
