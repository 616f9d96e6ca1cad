import assert from "node:assert/strict";
import { test } from "node:test";
import { Backoff } from "../src/client/backoff";
import { Connection, ConnectionStatus } from "../src/client/connection";
import { ApiError } from "../src/client/errors";
import { ServerEvent } from "../src/client/types";
import { deferred, FakeServer } from "./support";

function setUp(tokens = { token: () => Promise.resolve("t"), renew: (_: string) => Promise.resolve("t") }) {
  const server = new FakeServer();
  const statuses: ConnectionStatus[] = [];
  const events: ServerEvent[] = [];
  const revoked = deferred();
  const connection = new Connection(
    [server.open],
    tokens,
    { onStatus: (status) => statuses.push(status), onEvent: (event) => events.push(event), onRevoked: () => revoked.resolve() },
    new Backoff(() => 0, 1, 1),
  );
  return { server, statuses, events, revoked: revoked.promise, connection };
}

test("a lost connection is replaced", async () => {
  const { server, connection, statuses } = setUp();
  connection.start();
  const first = await server.next();
  await first.accept();
  const arrival = server.next();
  first.drop("network");
  await (await arrival).accept();
  assert.deepEqual(statuses, ["connecting", "online", "waiting", "connecting", "online"]);
  connection.stop();
});

test("stopping closes the connection and opens no other", async () => {
  const { server, connection, statuses } = setUp();
  connection.start();
  const link = await server.next();
  await link.accept();
  connection.stop();
  await link.closed.promise;
  assert.equal(statuses[statuses.length - 1], "stopped");
  assert.equal(server.links.length, 1);
});

test("a token that the server calls expired is renewed before the next attempt", async () => {
  const renewed: string[] = [];
  let token = "old";
  const { server, connection } = setUp({
    token: () => Promise.resolve(token),
    renew: (stale) => {
      renewed.push(stale);
      token = "new";
      return Promise.resolve(token);
    },
  });
  connection.start();
  const first = await server.next();
  const arrival = server.next();
  first.say('0{"sid":"e","pingInterval":60000,"pingTimeout":60000}');
  first.say('44{"message":"no","data":{"code":"token_expired"}}');
  assert.equal(await (await arrival).accept(), '40{"token":"new","joinedMarks":true}');
  assert.deepEqual(renewed, ["old"]);
  connection.stop();
});

test("a revoked session is reported", async () => {
  const { server, connection, revoked } = setUp();
  connection.start();
  const link = await server.next();
  await link.accept();
  link.say('42["session:revoked",{"code":"session_revoked"}]');
  await revoked;
  connection.stop();
});

test("if the token cannot be renewed, it waits and tries again", async () => {
  let attempts = 0;
  const { server, connection } = setUp({
    token: () => (++attempts < 3 ? Promise.reject(new ApiError(503, "unavailable", "")) : Promise.resolve("t")),
    renew: () => Promise.resolve("t"),
  });
  connection.start();
  await (await server.next()).accept();
  assert.equal(attempts, 3);
  connection.stop();
});

test("if WebSocket never connects, the next transport is tried; after a connection, the first one again", async () => {
  const broken = new FakeServer();
  const working = new FakeServer();
  const connection = new Connection(
    [broken.open, working.open],
    { token: () => Promise.resolve("t"), renew: () => Promise.resolve("t") },
    { onStatus: () => {}, onEvent: () => {}, onRevoked: () => {} },
    new Backoff(() => 0, 1, 1),
  );
  const first = broken.next();
  const second = working.next();
  connection.start();
  (await first).drop("blocked");
  const polling = await second;
  await polling.accept();
  const again = broken.next();
  polling.drop("the server restarts");
  await (await again).accept();
  connection.stop();
});

test("waits double, stay within their bound, and are random", () => {
  const longest = new Backoff(() => 1, 100, 1000);
  assert.deepEqual([1, 2, 3, 4, 5].map(() => longest.next()), [100, 200, 400, 800, 1000]);
  const shortest = new Backoff(() => 0, 100, 1000);
  assert.deepEqual([1, 2].map(() => shortest.next()), [50, 100]);
  longest.reset();
  assert.equal(longest.next(), 100);
});

test("a probe that is answered changes nothing; a silent connection is replaced at once", async () => {
  const { server, connection, statuses } = setUp();
  connection.start();
  const first = await server.next();
  await first.accept();
  connection.probe();
  connection.probe();
  assert.match(await first.packet(), /^420\["probe",\{\}\]$/);
  first.say('430[{"ok":false,"error":{"code":"not_found","detail":""}}]');
  await new Promise((resolve) => setTimeout(resolve));
  connection.probe();
  await first.packet();
  // Anything that arrives shows that the connection works.
  first.say('42["user:status",{"userId":"bo","status":"online"}]');
  await new Promise((resolve) => setTimeout(resolve));
  assert.deepEqual(statuses, ["connecting", "online"]);
  assert.equal(first.packets.length, 0, "one probe at a time");
  const arrival = server.next();
  // The time that it gives the other one is asked for, and not measured.
  const waits: (number | undefined)[] = [];
  const wait = globalThis.setTimeout;
  globalThis.setTimeout = ((run: () => void, time?: number) => (waits.push(time), wait(run, 0))) as typeof setTimeout;
  connection.probe();
  globalThis.setTimeout = wait;
  const second = await arrival;
  assert.deepEqual(waits, [1_500]);
  assert.deepEqual(statuses.slice(2), ["lost"]);
  await second.accept();
  assert.deepEqual(statuses.slice(2), ["lost", "online"]);
  connection.stop();
});

test("when the network is gone, the next attempt begins at once, and then the usual waits follow", async () => {
  const { server, connection, statuses } = setUp();
  connection.start();
  await (await server.next()).accept();
  const arrival = server.next();
  connection.drop();
  const second = await arrival;
  const next = server.next();
  second.drop("no network");
  await (await next).accept();
  assert.deepEqual(statuses, ["connecting", "online", "lost", "waiting", "connecting", "online"]);
  connection.stop();
});

test("whoever is banned is told so, by a refusal and by an event", async () => {
  const told: unknown[] = [];
  const server = new FakeServer();
  const tokens = { token: () => Promise.resolve("t"), renew: () => Promise.resolve("t") };
  const handler = { onStatus: () => {}, onEvent: () => {}, onRevoked: (...reason: unknown[]) => told.push(reason) };
  const connection = new Connection([server.open], tokens, handler, new Backoff(() => 0, 1, 1));
  connection.start();
  const link = await server.next();
  link.say('0{"sid":"e","pingInterval":60000,"pingTimeout":60000}');
  link.say('44{"message":"no","data":{"code":"banned","banned":{"reason":"spam"}}}');
  assert.deepEqual(told, [["banned", { reason: "spam" }]]);
  connection.stop();
  const present = new Connection([server.open], tokens, handler, new Backoff(() => 0, 1, 1));
  present.start();
  const accepted = await server.next();
  await accepted.accept();
  accepted.say('42["session:revoked",{"code":"banned","banned":{"until":"2099-05-01T12:00:00.000Z"}}]');
  assert.deepEqual(told[1], ["banned", { until: "2099-05-01T12:00:00.000Z" }]);
  present.stop();
});
