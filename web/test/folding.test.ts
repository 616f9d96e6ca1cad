import assert from "node:assert/strict";
import { test } from "node:test";
import { isNamed, matches } from "../src/lib/folding";

/** `text` with brackets around what is marked. */
function marked(text: string, query: string): string {
  let result = "";
  let at = 0;
  for (const { start, end } of matches(text, query)) {
    result += `${text.slice(at, start)}[${text.slice(start, end)}]`;
    at = end;
  }
  return result + text.slice(at);
}

const cases: [string, string, string][] = [
  ["cafe", "Un café noir", "Un [café] noir"],
  ["CAFÉ", "cafe\u0301s", "[cafe\u0301]s"],
  ["tom", "See you tomorrow, Tom", "See you [tom]orrow, [Tom]"],
  ["you tom", "Your tomb, you", "Your [tom]b, [you]"],
  ["strasse", "Straße 7", "[Straße] 7"],
  ["ærø", "AERO", "[AERO]"],
  ["find", "ﬁnd", "[ﬁnd]"],
  ["ﬁ", "finding", "[fi]nding"],
  ["e", "xe e", "xe [e]"],
  ["j.smith", "to j.smith@example.org", "to [j.smith]@example.org"],
  ["\"see you\"", "see you; you see", "[see you]; you see"],
  ["see -you", "see you", "[see] you"],
  ["see or you", "see or you", "[see] or [you]"],
  ["or", "or order", "[or] [or]der"],
  ["3-5", "won 3-5, not 35", "won [3-5], not 35"],
  ["C++", "C++ and C#", "[C++] and C#"],
  ["€5", "costs €5", "costs [€5]"],
  ["👍", "ok 👍🏽!", "ok [👍]🏽!"],
  ["❤", "with ❤️", "with [❤️]"],
  ["🇩🇪", "🇫🇷🇩🇪", "🇫🇷[🇩🇪]"],
  ["京都", "東京都、京都", "東[京都]、[京都]"],
  ["い", "いいい", "[い][い][い]"],
  ["ガイド", "ｶﾞｲﾄﾞ", "[ｶﾞｲﾄﾞ]"],
  ["ไทย", "ภาษาไทย", "ภาษา[ไทย]"],
  ["한국", "한국어", "[한국]어"],
  ["手机 a", "iPhone手机 abc", "iPhone[手机] [a]bc"],
  ["https://x.org/a?b=c", "at https://x.org/a?b=c!", "at [https://x.org/a?b=c]!"],
  [".", "a.b", "a.b"],
  ["", "text", "text"],
  ["-text", "text", "text"],
];

for (const [query, text, expected] of cases) {
  test(`"${query}" marks what it finds in "${text}"`, () => assert.equal(marked(text, query), expected));
}

test("names are found by the beginnings of their words", () => {
  for (const [name, query] of [
    ["José Smith", "jose"], ["José Smith", "smi jos"], ["j.smith", "@j.smi"], ["Team-42", "team-42"], ["王小明", "小明"],
    ["ops@example.org", "ops@exam"], ["#random", "#rand"], ["Anything", ""],
  ] as const) {
    assert.equal(isNamed(name, query), true, `${name} by ${query}`);
  }
  for (const [name, query] of [["José", "ose"], ["Team-42", "team 43"], ["王小明", "王明"]] as const) {
    assert.equal(isNamed(name, query), false, `${name} not by ${query}`);
  }
});
