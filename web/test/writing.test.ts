import assert from "node:assert/strict";
import { test } from "node:test";
import { begunAt, completeNames, Field, Replacement, withFence, withLink, withMark, withPrefix } from "../src/lib/writing";

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

test("names are completed among 10,000 members within 50 milliseconds of CPU", () => {
  const people = Array.from({ length: 10_000 }, (_, index) => ({ username: `user${index}`, displayName: `Ünsal Person${index} Ana` }));
  assert.deepEqual(completeNames(people, "uns", 2).map(({ username }) => username), ["user0", "user1"]);
  // People of whom nothing is known yet, each time; the collector may run in one of them.
  const costs = [1, 2, 3, 4].map(() => {
    const fresh = people.map((person) => ({ ...person }));
    const before = process.cpuUsage().user;
    assert.equal(completeNames(fresh, "person9999").length, 1);
    return process.cpuUsage().user - before;
  });
  assert(Math.min(...costs) < 50_000, String(costs));
  assert.equal(completeNames(people, "nobody").length, 0);
});
