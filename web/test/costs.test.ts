import assert from "node:assert/strict";
import { test } from "node:test";
import { growth, linear } from "./costs";

/** Looks at each character, and at so many of those before it. */
function look(text: string, further: (index: number) => number): number {
  let sum = 0;
  for (let index = 0; index < text.length; index += 1) {
    for (let back = 0; back <= further(index); back += 1) sum += text.charCodeAt(index - back) % 7;
  }
  return sum;
}

test("linear and quadratic time are told apart", () => {
  const text = (length: number) => "ab".repeat(length / 2);
  assert(growth((made) => look(made, () => 0), text) <= linear);
  assert(growth((made) => look(made, (index) => index >> 6), text) > linear);
});
