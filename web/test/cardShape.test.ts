import assert from "node:assert/strict";
import { test } from "node:test";
import { cardHeight, isWide, mostCardHeight } from "../src/lib/cardShape";

test("only a wide picture with enough pixels stands above the words", () => {
  assert(isWide({ width: 1200, height: 630 }));
  assert(!isWide({ width: 200, height: 100 }), "too small");
  assert(!isWide({ width: 600, height: 600 }), "square");
  assert(!isWide({ width: 400, height: 1200 }), "high");
});

test("a card is about as high as what it shows", () => {
  const words = cardHeight({});
  assert(cardHeight({ description: "x" }) > words);
  assert(cardHeight({ picture: { width: 100, height: 100 } }) > words);
  const wide = cardHeight({ picture: { width: 1200, height: 630 } });
  assert(wide > words + 150 && wide <= words + mostCardHeight);
  assert(cardHeight({ picture: { width: 400, height: 300 } }) <= words + mostCardHeight);
});
