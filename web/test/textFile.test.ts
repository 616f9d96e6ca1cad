import assert from "node:assert/strict";
import { test } from "node:test";
import { readText } from "../src/app/textFiles";
import { Upload } from "../src/client/types";
import { highlight, isKnown } from "../src/lib/highlight";
import { beginning, languageOf } from "../src/lib/textFile";
import { hasText } from "../src/store/textFiles";

const bytes = (text: string) => new TextEncoder().encode(text).buffer as ArrayBuffer;
const upload = (changes: Partial<Upload> = {}): Upload => ({
  id: "1", ownerId: "ana", name: "notes.txt", type: "text/plain", size: 10, sha256: "", kind: "file", url: "/old", thumbnails: [], createdAt: "", ...changes,
});

test("a language is told by a name, or else by what is in the file", () => {
  const of = (name: string, type = "text/plain") => languageOf(name, type, isKnown);
  assert.deepEqual([of("a.TS"), of("a.yml"), of("Makefile"), of("a.txt"), of("notes")], ["ts", "yaml", "makefile", "", ""]);
  assert.equal(of("noname", "application/json"), "json");
  assert.equal(of("noname", "text/x-script.python"), "py");
  assert.equal(highlight("let a = 1", of("a.ts"))[0]?.kind, "keyword");
});

test("the beginning of a text has whole lines and whole characters", () => {
  assert.equal(beginning(bytes("one\ntwo\nthr"), "utf-8", false), "one\ntwo");
  assert.equal(beginning(bytes("one\ntwo\n"), "utf-8", true), "one\ntwo");
  assert.equal(beginning(bytes("añb").slice(0, 2), "utf-8", false), "a");
  assert.equal(beginning(bytes("one"), "no-such-charset", true), "one");
});

test("only small texts that everybody may open have a preview", () => {
  assert.equal(hasText(upload()), true);
  for (const type of ["text/csv", "application/json", "application/ld+json", "text/x-c"]) assert.equal(hasText(upload({ type })), true, type);
  for (const type of ["application/pdf", "image/svg+xml", "application/octet-stream"]) assert.equal(hasText(upload({ type })), false, type);
  assert.equal(hasText(upload({ size: 2_000_000 })), false);
  assert.equal(hasText(upload({ size: 0 })), false);
  assert.equal(hasText(upload({ visibility: "owner" })), false);
});

test("a text is fetched in part, and again where its URL has expired", async () => {
  const asked: string[] = [];
  const fetched = globalThis.fetch;
  globalThis.fetch = (async (url: string, { headers }: RequestInit) => {
    asked.push(`${url} ${(headers as Record<string, string>).range}`);
    return url === "/old" ? new Response("", { status: 401 }) : new Response("grüße", { headers: { "content-type": "text/plain; charset=utf-8" } });
  }) as typeof fetch;
  try {
    const found = await readText({ renewedUrl: async () => "/new" }, { id: "m" }, upload(), 4_096, new AbortController().signal);
    assert.deepEqual(found, { text: "grüße", isWhole: true });
    assert.deepEqual(asked, ["/old bytes=0-4095", "/new bytes=0-4095"]);
    await assert.rejects(readText({ renewedUrl: async () => undefined }, { id: "m" }, upload(), 4_096, new AbortController().signal), (error: unknown) => String(error).includes("401"));
  } finally {
    globalThis.fetch = fetched;
  }
});
