import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiError, NetworkError } from "../src/client/errors";
import { Outbox, Outgoing } from "../src/client/outbox";
import { deferred, message } from "./support";

/** An outbox whose transmissions are answered one by one from a list. */
function setUp(answers: (Error | "ok")[]) {
  const transmitted: string[] = [];
  const sent: string[] = [];
  const failed: [string, string][] = [];
  const done = deferred();
  const outbox = new Outbox();
  const draft = (key: string, conversationId = "c"): Outgoing => ({
    key,
    conversationId,
    transmit: () => {
      transmitted.push(key);
      const answer = answers.shift() ?? "ok";
      return answer === "ok" ? Promise.resolve(message(1, { clientId: key })) : Promise.reject(answer);
    },
    onSent: () => {
      sent.push(key);
      if (key === "last") done.resolve();
    },
    onFailed: (error) => failed.push([key, error.code]),
  });
  return { outbox, draft, transmitted, sent, failed, done: done.promise };
}

test("messages wait for the connection and keep their order", async () => {
  const { outbox, draft, transmitted, sent, done } = setUp([]);
  for (const id of ["1", "2", "last"]) outbox.add(draft(id));
  assert.deepEqual(transmitted, []);
  outbox.setOnline(true);
  await done;
  assert.deepEqual(sent, ["1", "2", "last"]);
});

test("an interrupted message is sent again under the same clientId with the next connection", async () => {
  const { outbox, draft, transmitted, done } = setUp([new NetworkError("cut")]);
  outbox.setOnline(true);
  outbox.add(draft("last"));
  outbox.setOnline(false);
  outbox.setOnline(true);
  await done;
  assert.deepEqual(transmitted, ["last", "last"]);
});

test("a refusal is final, and the next message is sent", async () => {
  const { outbox, draft, transmitted, failed, done } = setUp([new ApiError(0, "muted", "")]);
  outbox.setOnline(true);
  outbox.add(draft("1"));
  outbox.add(draft("last"));
  await done;
  assert.deepEqual(failed, [["1", "muted"]]);
  assert.deepEqual(transmitted, ["1", "last"]);
});

test("a server in trouble is tried again after the time it names", async () => {
  const { outbox, draft, transmitted, failed, done } = setUp([new ApiError(0, "rate_limited", "", undefined, 0.001)]);
  outbox.setOnline(true);
  outbox.add(draft("last"));
  await done;
  assert.deepEqual(transmitted, ["last", "last"]);
  assert.deepEqual(failed, []);
});

test("the same message is queued once, and a removed one is not sent", async () => {
  const { outbox, draft, transmitted, done } = setUp([]);
  outbox.add(draft("1"));
  outbox.add(draft("1"));
  outbox.add(draft("2"));
  outbox.add(draft("last"));
  outbox.remove("2");
  outbox.setOnline(true);
  await done;
  assert.deepEqual(transmitted, ["1", "last"]);
});

test("what is answered after a sign-out changes nothing", async () => {
  const { outbox, draft, sent } = setUp([]);
  outbox.setOnline(true);
  outbox.add(draft("1"));
  outbox.clear();
  await new Promise((resolve) => setTimeout(resolve));
  assert.deepEqual(sent, []);
});
