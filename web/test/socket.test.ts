import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { ApiError, NetworkError } from "../src/client/errors";
import { decodePacket, encodePacket, Socket } from "../src/client/socket";
import { deferred, FakeServer } from "./support";

const sockets: Socket[] = [];

// An open connection would keep the process of the tests alive.
afterEach(() => sockets.splice(0).forEach((socket) => socket.close()));

function connect(server: FakeServer) {
  const connected = deferred();
  const closed = deferred<[string, string | undefined]>();
  const events: [string, unknown][] = [];
  const socket = new Socket(server.open, "token", {
    onConnect: () => connected.resolve(),
    onEvent: (name, payload) => events.push([name, payload]),
    onClose: (reason, refusal) => closed.resolve([reason, refusal]),
  });
  sockets.push(socket);
  return { socket, connected: connected.promise, closed: closed.promise, events };
}

test("packets survive encoding and decoding", () => {
  for (const packet of [
    { type: "connect", data: { token: "t" } },
    { type: "event", args: ["typing", { active: true }] },
    { type: "event", id: 12, args: ["message:send", { text: "1[2]" }] },
    { type: "ack", id: 0, args: [{ ok: true }] },
  ] as const) {
    assert.deepEqual(decodePacket(encodePacket({ ...packet } as never)), packet);
  }
});

test("texts that are not packets are ignored", () => {
  for (const text of ["", "9", "2", "2{}", '2["unfinished"', '3["no id"]', "2/other,[]"]) assert.equal(decodePacket(text), undefined, text);
});

test("connecting sends the token, and events arrive in order", async () => {
  const server = new FakeServer();
  const { connected, events } = connect(server);
  assert.equal(await server.links[0]?.accept(), '40{"token":"token","joinedMarks":true}');
  await connected;
  server.links[0]?.say('42["ready",{"online":[]}]');
  server.links[0]?.say('42["typing",{"active":true}]');
  assert.deepEqual(events, [
    ["ready", { online: [] }],
    ["typing", { active: true }],
  ]);
});

test("acknowledgements answer their own request in any order", async () => {
  const server = new FakeServer();
  const { socket, connected } = connect(server);
  await server.links[0]?.accept();
  await connected;
  const first = socket.request("a", {}, 1000);
  const second = socket.request("b", {}, 1000);
  server.links[0]?.say('431[{"ok":true,"n":2}]');
  server.links[0]?.say('430[{"ok":true,"n":1}]');
  assert.deepEqual(await first, { ok: true, n: 1 });
  assert.deepEqual(await second, { ok: true, n: 2 });
});

test("a refused event is an ApiError with its code", async () => {
  const server = new FakeServer();
  const { socket, connected } = connect(server);
  await server.links[0]?.accept();
  await connected;
  const request = socket.request("message:send", {}, 1000);
  await server.links[0]?.acknowledge({ ok: false, error: { code: "muted", detail: "for an hour" } });
  await assert.rejects(request, (error) => error instanceof ApiError && error.code === "muted");
});

test("a missing acknowledgement closes the connection, and all requests fail", async () => {
  const server = new FakeServer();
  const { socket, connected, closed } = connect(server);
  await server.links[0]?.accept();
  await connected;
  const slow = socket.request("a", {}, 60_000);
  const late = socket.request("b", {}, 1);
  await assert.rejects(late, (error) => error instanceof NetworkError);
  await assert.rejects(slow, (error) => error instanceof NetworkError);
  await closed;
});

test("a connect_error reports its code", async () => {
  const server = new FakeServer();
  const { closed } = connect(server);
  server.links[0]?.say('0{"sid":"e","pingInterval":60000,"pingTimeout":60000}');
  server.links[0]?.say('44{"message":"no","data":{"code":"token_expired"}}');
  assert.equal((await closed)[1], "token_expired");
});

test("a server that never accepts the connection is left, though its heartbeat goes on", async () => {
  const server = new FakeServer();
  const closed = deferred<string>();
  const handler = { onConnect: () => {}, onEvent: () => {}, onClose: (reason: string) => closed.resolve(reason) };
  sockets.push(new Socket(server.open, "token", handler, 50));
  const link = server.links[0];
  link?.say('0{"sid":"e","pingInterval":60000,"pingTimeout":60000}');
  link?.say("2");
  assert.equal(await closed.promise, "closed here");
});

test("a ping is answered, and a heartbeat that stops closes the connection", async () => {
  const server = new FakeServer();
  const { closed } = connect(server);
  const link = server.links[0];
  link?.say('0{"sid":"e","pingInterval":10,"pingTimeout":10}');
  await link?.packet();
  link?.say("2");
  assert.equal(await link?.packet(), "3");
  await closed;
});
