import assert from "node:assert/strict";
import { test } from "node:test";
import { begunAt, completeNames, Field, Replacement, withFence, withLink, withMark, withPrefix } from "../src/lib/writing";
import { ratio } from "./costs";

/** A text in which [ and ] stand around what is selected. */
function field(text: string): Field {
  const start = text.indexOf("[");
  const end = text.indexOf("]") - 1;
  return { text: text.replace("[", "").replace("]", ""), start, end };
}

function after({ text }: Field, { from, to, text: put, start, end }: Replacement): string {
  const whole = text.slice(0, from) + put + text.slice(to);
  return `${whole.slice(0, start)}[${whole.slice(start, end)}]${whole.slice(end)}`;
}

test("marks are put around words and taken away again", () => {
  const marked = (text: string, mark: Parameters<typeof withMark>[1]) => after(field(text), withMark(field(text), mark));
  assert.equal(marked("a [word] b", "bold"), "a **[word]** b");
  assert.equal(marked("a **[word]** b", "bold"), "a [word] b");
  assert.equal(marked("a[ word ]b", "italic"), "a *[word]* b");
  assert.equal(marked("a **[word]** b", "italic"), "a ***[word]*** b");
  assert.equal(marked("[]", "code"), "`[]`");
  assert.equal(marked("`[]`", "code"), "[]");
  assert.equal(marked("[x]", "spoiler"), "||[x]||");
});

test("lines become quotes, lists, code and links", () => {
  const quote = field("one\n[two\nthree]\nfour");
  assert.equal(after(quote, withPrefix(quote, "> ")), "one\n[> two\n> three]\nfour");
  const back = field("one\n[> two\n> three]");
  assert.equal(after(back, withPrefix(back, "> ")), "one\n[two\nthree]");
  const code = field("see [x = 1] there");
  assert.equal(after(code, withFence(code)), "see \n```\n[x = 1]\n```\n there");
  const link = field("the [map]");
  assert.equal(after(link, withLink(link)), "the [map]([https://])".replace("[map]([https://])", "[map]([https://])"));
});

test("names and emoji begin behind a blank", () => {
  assert.deepEqual(begunAt("hi @an", 6), { sign: "@", text: "an", from: 3 });
  assert.deepEqual(begunAt("@", 1), { sign: "@", text: "", from: 0 });
  assert.deepEqual(begunAt("hi :tad", 7), { sign: ":", text: "tad", from: 3 });
  for (const text of ["me@an", "10:30", ":)", ":D", "a:bc", "x :", "@an "]) assert.equal(begunAt(text, text.length), undefined, text);
  // While something is selected, nothing is being written.
  assert.equal(begunAt("@an ", -1), undefined);
});

test("of 10,000 members each name is prepared once, whatever is typed, and no more are looked at than are wanted", () => {
  let prepared = 0;
  const people = Array.from({ length: 10_000 }, (_, index) => ({
    username: `user${index}`,
    get displayName() {
      prepared += 1;
      return `Ünsal Person${index} Ana`;
    },
  }));
  assert.deepEqual(completeNames(people, "user", 2).map(({ username }) => username), ["user0", "user1"]);
  assert.equal(prepared, 2);
  assert.deepEqual(completeNames(people, "uns", 2).map(({ username }) => username), ["user0", "user1"]);
  for (const typed of ["p", "pe", "person9999"]) assert.equal(completeNames(people, typed)[0]?.username, typed === "person9999" ? "user9999" : "user0");
  assert.equal(completeNames(people, "nobody").length, 0);
  assert.equal(prepared, 10_000);
});

test("10,000 members cost no more than ten times what 1,000 do", () => {
  // People of whom nothing is known yet, each time.
  const make = (length: number) => Array.from({ length }, (_, index) => ({ username: `user${index}`, displayName: `Ünsal Person${index} Ana` }));
  const tens = () => {
    for (let time = 0; time < 10; time += 1) completeNames(make(1_000), "nobody");
  };
  assert(ratio(() => completeNames(make(10_000), "nobody"), tens, 4) <= 4);
});
