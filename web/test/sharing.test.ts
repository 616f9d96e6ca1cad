import assert from "node:assert/strict";
import { test } from "node:test";
import { Session } from "../src/client/session";
import { Channel, SharedRefresh } from "../src/client/sharing";
import { SessionAnswer } from "../src/client/types";
import { ana, bo, deferred, fakeFetch } from "./support";

const answer = (accessToken: string, user = ana): SessionAnswer => ({ user, accessToken, expiresIn: 900 }) as SessionAnswer;

/** Channels that hear each other, as those of the tabs of one browser do. */
function tabs(count: number): Channel[] {
  const channels: Channel[] = [];
  for (let index = 0; index < count; index += 1) {
    const channel: Channel = {
      onmessage: null,
      postMessage: (data) => {
        for (const other of channels) if (other !== channel) queueMicrotask(() => other.onmessage?.({ data } as MessageEvent));
      },
    };
    channels.push(channel);
  }
  return channels;
}

/** The locks of one browser, one at a time. */
function browserLocks(): LockManager {
  let last: Promise<unknown> = Promise.resolve();
  const locks = {
    request: (_: string, __: unknown, run: () => Promise<unknown>) => {
      const result = last.then(run);
      last = result.catch(() => {});
      return result;
    },
    query: () => new Promise((resolve) => setTimeout(() => resolve({ held: [] }))),
  };
  return locks as unknown as LockManager;
}

for (const kind of ["locks", "messages"] as const) {
  test(`tabs that refresh at once share one answer, by ${kind}`, async () => {
    const locks = kind === "locks" ? browserLocks() : undefined;
    let asked = 0;
    const refresh = async () => {
      asked += 1;
      await new Promise((resolve) => setTimeout(resolve, 20));
      return answer(`token ${asked}`);
    };
    const shared = tabs(4).map((channel) => new SharedRefresh(channel, locks, (time) => new Promise((resolve) => setTimeout(resolve, time / 5))));
    const answers = await Promise.all(shared.map((tab) => tab.run(refresh)));
    assert.deepEqual(new Set(answers.map(({ accessToken }) => accessToken)), new Set(["token 1"]));
    assert.equal(asked, 1);
    assert.equal((await shared[0]?.run(refresh))?.accessToken, "token 2", "a later refresh asks again");
  });
}

test("a tab that joins while another refreshes waits for its answer", async () => {
  const [first, second] = tabs(2).map((channel) => new SharedRefresh(channel, undefined, (time) => new Promise((resolve) => setTimeout(resolve, time / 10))));
  const { promise, resolve } = deferred<SessionAnswer>();
  const one = first?.run(() => promise);
  await new Promise((next) => setTimeout(next, 30));
  const two = second?.run(() => Promise.reject(new Error("asked twice")));
  await new Promise((next) => setTimeout(next, 30));
  resolve(answer("shared"));
  assert.equal((await one)?.accessToken, "shared");
  assert.equal((await two)?.accessToken, "shared");
});

test("a tab whose refresh fails leaves the others to try for themselves", async () => {
  const locks = browserLocks();
  const [first, second] = tabs(2).map((channel) => new SharedRefresh(channel, locks));
  const results = await Promise.allSettled([first?.run(() => Promise.reject(new Error("cut"))), second?.run(() => Promise.resolve(answer("b")))]);
  assert.deepEqual(results.map(({ status }) => status), ["rejected", "fulfilled"]);
});

test("a session takes another tab's answer, unless it is somebody else's", async () => {
  let hint: string | null = "ana";
  const memory = { read: () => hint, write: (value: string | null) => (hint = value) };
  const { doFetch, calls } = fakeFetch([{ status: 200, body: answer("a") }]);
  const session = new Session(memory, doFetch);
  session.adopt(answer("too early"));
  await session.restore();
  session.adopt(answer("b"));
  assert.equal(await session.token(), "b");
  session.adopt(answer("c", bo));
  assert.equal(await session.token(), "b");
  assert.equal(calls.length, 1);
});

test("another person's answer is not taken for one's own", async () => {
  const { doFetch, calls } = fakeFetch([{ status: 200, body: answer("a") }]);
  const memory = { read: () => "ana", write: () => {} };
  const session = new Session(memory, doFetch, Date.now, undefined, () => Promise.resolve(answer("b", bo)));
  assert.equal((await session.restore()).id, "ana");
  assert.equal(calls.length, 1);
});
