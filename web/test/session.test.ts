import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiError, NetworkError } from "../src/client/errors";
import { call, HttpClient, query } from "../src/client/http";
import { Session } from "../src/client/session";
import { ana, fakeFetch } from "./support";

function memoryHint(initial: string | null = null) {
  let value = initial;
  return {
    read: () => value,
    write: (userId: string | null) => {
      value = userId;
    },
  };
}

const answer = (accessToken: string) => ({ status: 200, body: { user: ana, accessToken, expiresIn: 900 } });

test("a signed-out page sends no request", () => {
  const { doFetch, calls } = fakeFetch([]);
  assert.equal(new Session(memoryHint(), doFetch).isExpected, false);
  assert.equal(calls.length, 0);
});

test("log-in asks for the cookie, and remembers only who is signed in", async () => {
  const hint = memoryHint();
  const { doFetch, calls } = fakeFetch([answer("a")]);
  const session = new Session(hint, doFetch);
  assert.equal((await session.login("ana", "password")).id, "ana");
  assert.equal((calls[0]?.init.headers as Record<string, string>)["X-Parley-Cookie"], "1");
  assert.equal(hint.read(), "ana");
  assert.equal(await session.token(), "a");
});

test("a token that is about to expire is renewed once for all callers", async () => {
  let now = 0;
  const { doFetch, calls } = fakeFetch([answer("a"), answer("b")]);
  const session = new Session(memoryHint(), doFetch, () => now);
  await session.login("ana", "password");
  now = 880_000;
  assert.deepEqual(await Promise.all([session.token(), session.token(), session.renew("a")]), ["b", "b", "b"]);
  assert.equal(calls.length, 2);
});

test("a session that the server no longer accepts ends once", async () => {
  const hint = memoryHint("ana");
  const { doFetch } = fakeFetch([{ status: 401, body: { code: "session_revoked" } }]);
  const session = new Session(hint, doFetch);
  let ends = 0;
  session.onEnded = () => {
    ends += 1;
  };
  await assert.rejects(session.restore(), (error) => error instanceof ApiError && error.code === "session_revoked");
  session.end();
  assert.equal(ends, 1);
  assert.equal(hint.read(), null);
});

test("the server's reason for the end of a session is passed on, a ban too", async () => {
  const ban = { reason: "spam", until: "2099-05-01T12:00:00.000Z" };
  for (const [status, code, banned] of [[401, "session_revoked"], [403, "banned", ban], [403, "banned"], [401, "unauthenticated"]] as const) {
    const { doFetch } = fakeFetch([{ status, body: { code, banned } }]);
    const session = new Session(memoryHint("ana"), doFetch);
    const told: unknown[] = [];
    session.onEnded = (...reason) => told.push(reason);
    await assert.rejects(session.restore(), (error) => error instanceof ApiError);
    assert.deepEqual(told, [[code, banned]]);
  }
});

test("a lost answer to a refresh costs one more attempt", async () => {
  const hint = memoryHint("ana");
  const { doFetch, calls } = fakeFetch([answer("a")]);
  let isLost = true;
  const losing = ((path: string, init: RequestInit) => {
    if (!isLost) return doFetch(path, init);
    isLost = false;
    return Promise.reject(new TypeError("cut"));
  }) as typeof fetch;
  const session = new Session(hint, losing);
  await assert.rejects(session.restore(), (error) => error instanceof NetworkError);
  assert.equal(session.isExpected, true);
  await session.restore();
  assert.equal(await session.token(), "a");
  assert.equal(calls.length, 1);
});

test("log-out ends the session at once, and tells the server by token and cookie", async () => {
  const hint = memoryHint();
  const { doFetch, calls } = fakeFetch([answer("a"), { status: 204 }]);
  const session = new Session(hint, doFetch);
  await session.login("ana", "password");
  const leaving = session.logout();
  assert.equal(hint.read(), null);
  await leaving;
  const headers = calls[1]?.init.headers as Record<string, string>;
  assert.equal(calls[1]?.path, "/auth/logout");
  assert.deepEqual([headers["Authorization"], headers["X-Parley-Cookie"]], ["Bearer a", "1"]);
});

test("a log-out without a network is remembered, over a reload too, and told later", async () => {
  const memory = memoryHint();
  const first = new Session(memoryHint("ana"), fakeFetch([answer("a")]).doFetch, Date.now, memory);
  await first.restore();
  await first.logout();
  assert.equal(memory.read(), "a");
  const { doFetch, calls } = fakeFetch([{ status: 503 }, { status: 401, body: { code: "unauthenticated" } }]);
  const second = new Session(memoryHint(), doFetch, Date.now, memory);
  assert.equal(second.isExpected, false);
  await second.confirmLogout();
  assert.equal(memory.read(), "a", "the server could not decide");
  await second.confirmLogout();
  assert.equal(memory.read(), null, "there is nothing left to end");
  await second.confirmLogout();
  assert.equal(calls.length, 2);
});

test("a log-in waits for the log-out before it, because that answer removes the cookie", async () => {
  const { doFetch, calls } = fakeFetch([answer("a"), { status: 204 }, answer("b")]);
  const session = new Session(memoryHint(), doFetch);
  await session.login("ana", "password");
  void session.logout();
  await session.login("ana", "password");
  assert.deepEqual(calls.map(({ path }) => path), ["/auth/login", "/auth/logout", "/auth/login"]);
  assert.equal(await session.token(), "b");
});

test("a renewal that is answered after the log-out does not sign in again", async () => {
  const hint = memoryHint("ana");
  const { doFetch } = fakeFetch([answer("a"), { status: 204 }]);
  const session = new Session(hint, doFetch);
  const renewal = session.restore();
  await session.logout();
  await assert.rejects(renewal, (error) => error instanceof ApiError && error.status === 401);
  assert.equal(hint.read(), null);
});

test("a log-in waits for a renewal that is under way, and is not ended by its answer", async () => {
  const hint = memoryHint("ana");
  const { doFetch, calls } = fakeFetch([{ status: 401, body: { code: "session_revoked" } }, { status: 204 }, answer("b")]);
  const session = new Session(hint, doFetch);
  const renewal = session.renew("").catch(() => {});
  const leaving = session.logout();
  await session.login("ana", "password");
  await Promise.all([renewal, leaving]);
  assert.deepEqual(calls.map(({ path }) => path), ["/auth/refresh", "/auth/logout", "/auth/login"]);
  assert.equal(await session.token(), "b");
  assert.equal(hint.read() === null, false);
});

test("without a network the session is kept", async () => {
  const hint = memoryHint("ana");
  const session = new Session(hint, fakeFetch([]).doFetch);
  await assert.rejects(session.restore(), (error) => error instanceof NetworkError);
  assert.equal(hint.read(), "ana");
});

test("a request that is refused with 401 is sent once more with a new token", async () => {
  const { doFetch, calls } = fakeFetch([{ status: 401, body: { code: "token_expired" } }, { status: 200, body: { a: 1 } }]);
  const http = new HttpClient({ token: () => Promise.resolve("old"), renew: () => Promise.resolve("new") }, doFetch);
  assert.deepEqual(await http.get("/x"), { a: 1 });
  assert.deepEqual(
    calls.map(({ init }) => (init.headers as Record<string, string>)["Authorization"]),
    ["Bearer old", "Bearer new"],
  );
});

test("a refusal carries code, detail, field and the wait", async () => {
  const body = { code: "validation_failed", detail: "username: too short", field: "username" };
  const { doFetch } = fakeFetch([{ status: 422, body, headers: { "Retry-After": "7" } }]);
  await assert.rejects(call(doFetch, "GET", "/x"), (error) => {
    assert(error instanceof ApiError);
    assert.deepEqual([error.status, error.code, error.field, error.retryAfter], [422, "validation_failed", "username", 7]);
    return true;
  });
});

test("a query leaves out what is undefined and escapes the rest", () => {
  assert.equal(query("/a", { b: "x y&z", c: undefined, d: 0 }), "/a?b=x+y%26z&d=0");
  assert.equal(query("/a", { c: undefined }), "/a");
});
