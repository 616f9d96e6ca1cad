import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiError, NetworkError } from "../src/client/errors";
import { HttpClient } from "../src/client/http";
import { Answer, Attempt, Uploader } from "../src/client/uploader";
import { constantToken, fakeFetch } from "./support";

type Reply = { status: number; headers?: Record<string, string>; body?: unknown } | Error;

function setUp(replies: Reply[], below = "") {
  const attempts: Attempt[] = [];
  const { doFetch, calls } = fakeFetch([{ status: 200, body: { id: "u" } }]);
  const transfer = (attempt: Attempt): Promise<Answer> => {
    attempts.push(attempt);
    const reply = replies.shift();
    if (reply === undefined || reply instanceof Error) return Promise.reject(reply ?? new NetworkError("no reply"));
    const { status, headers = {}, body } = reply;
    return Promise.resolve({ status, body: JSON.stringify(body ?? {}), header: (name) => headers[name] ?? null });
  };
  const uploader = new Uploader(new HttpClient(constantToken, doFetch), constantToken, below, transfer, 5);
  return { uploader, attempts, calls };
}

function options(signal = new AbortController().signal) {
  const shares: number[] = [];
  let waits = 0;
  return {
    options: { signal, onProgress: (share: number) => shares.push(share), untilOnline: () => Promise.resolve(void (waits += 1)) },
    shares,
    waits: () => waits,
  };
}

/** Node 18 knows no File; the uploader needs a Blob with a name. */
function file(text: string, name: string): File {
  return Object.assign(new Blob([text]), { name }) as File;
}

const at = (offset: number): Reply => ({ status: 204, headers: { "Upload-Offset": String(offset) } });
const created: Reply = { status: 201, headers: { Location: "http://chat.example/upload/u" } };
const steps = (attempts: Attempt[]) => attempts.map(({ method, headers }) => `${method} ${headers["Upload-Offset"] ?? ""}`.trim());

test("a small file is one PUT under its name", async () => {
  const { uploader, attempts } = setUp([{ status: 201, body: { uploads: [{ id: "u" }] } }]);
  assert.equal((await uploader.upload(file("abc", "ä b.txt"), options().options)).id, "u");
  assert.equal(attempts[0]?.path, "/upload/%C3%A4%20b.txt");
  assert.equal(attempts[0]?.headers["Authorization"], "Bearer t");
});

test("where a server below a path keeps an upload", async () => {
  const made: Reply = { status: 201, headers: { Location: "/chat/upload/u" } };
  const { uploader, attempts, calls } = setUp([made, at(5), at(10)], "/chat");
  await uploader.upload(file("0123456789", "a.bin"), options().options);
  assert.deepEqual(attempts.map(({ path }) => path), ["/chat/upload", "/chat/upload/u", "/chat/upload/u"]);
  assert.deepEqual(calls.map(({ path }) => path), ["/upload/u"], "what the page's other requests begin with, they add");
});

test("a large file is sent in pieces to the address that the server names", async () => {
  const { uploader, attempts, calls } = setUp([created, at(5), at(10), at(12)]);
  await uploader.upload(file("0123456789ab", "a.bin"), options().options);
  assert.deepEqual(steps(attempts), ["POST", "PATCH 0", "PATCH 5", "PATCH 10"]);
  assert.equal(attempts[1]?.path, "/upload/u");
  assert.equal(await attempts[3]?.body?.text(), "ab");
  assert.equal(attempts[0]?.headers["Upload-Metadata"], "filename YS5iaW4=");
  assert.equal(calls[0]?.path, "/upload/u");
});

test("after an interruption it continues where the server's copy ends", async () => {
  const { uploader, attempts } = setUp([created, at(5), new NetworkError("cut"), at(7), at(12)]);
  const { options: wanted, waits } = options();
  await uploader.upload(file("0123456789ab", "a.bin"), wanted);
  assert.deepEqual(steps(attempts), ["POST", "PATCH 0", "PATCH 5", "HEAD", "PATCH 7"]);
  assert.equal(await attempts[4]?.body?.text(), "789ab");
  assert.equal(waits(), 1);
});

test("if the offset differs from the server's, it is requested again", async () => {
  const { uploader, attempts } = setUp([created, { status: 409, body: { code: "upload_offset_mismatch" } }, at(10), at(12)]);
  await uploader.upload(file("0123456789ab", "a.bin"), options().options);
  assert.deepEqual(steps(attempts), ["POST", "PATCH 0", "HEAD", "PATCH 10"]);
});

test("an upload that has expired starts again", async () => {
  const { uploader, attempts } = setUp([created, new NetworkError("cut"), { status: 410, body: { code: "gone" } }, created, at(5), at(6)]);
  await uploader.upload(file("012345", "a.bin"), options().options);
  assert.deepEqual(steps(attempts), ["POST", "PATCH 0", "HEAD", "POST", "PATCH 0", "PATCH 5"]);
});

test("a refusal is final", async () => {
  const { uploader } = setUp([{ status: 413, body: { code: "too_large" } }]);
  await assert.rejects(uploader.upload(file("abc", "a"), options().options), (error) => error instanceof ApiError && error.code === "too_large");
});

test("a cancelled upload is deleted on the server", async () => {
  const controller = new AbortController();
  const { uploader, calls } = setUp([created, new NetworkError("cut")]);
  const { options: wanted } = options(controller.signal);
  const upload = uploader.upload(file("012345", "a.bin"), {
    ...wanted,
    untilOnline: () => {
      controller.abort();
      return Promise.resolve();
    },
  });
  await assert.rejects(upload, () => true);
  assert.deepEqual([calls[0]?.path, calls[0]?.init.method], ["/upload/u", "DELETE"]);
});

test("an expired token is renewed within the upload", async () => {
  const { uploader, attempts } = setUp([{ status: 401, body: { code: "token_expired" } }, { status: 201, body: { uploads: [{ id: "u" }] } }]);
  await uploader.upload(file("abc", "a"), options().options);
  assert.equal(attempts[1]?.headers["Authorization"], "Bearer t2");
});
