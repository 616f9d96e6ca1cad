import assert from "node:assert/strict";
import { test } from "node:test";
import { areaToPicture, areaToView, isUntouched, leastCrop, moved, sizeAfter, toPicture, toView, turned, untouched, whole, withCorner } from "../src/lib/pictureEdits";

const near = (a: object, b: object) => {
  for (const [key, value] of Object.entries(b)) assert(Math.abs((a as Record<string, number>)[key]! - (value as number)) < 1e-9, `${key}: ${JSON.stringify(a)}`);
};

test("a quarter turn to the right brings the upper left corner to the upper right", () => {
  near(toView({ x: 0, y: 0 }, 1), { x: 1, y: 0 });
  near(toView({ x: 1, y: 0 }, 1), { x: 1, y: 1 });
  for (const turns of [0, 1, 2, 3]) near(toPicture(toView({ x: 0.2, y: 0.7 }, turns), turns), { x: 0.2, y: 0.7 });
});

test("an area keeps its content when the picture is turned", () => {
  const area = { x: 0.1, y: 0.2, width: 0.3, height: 0.4 };
  near(areaToView(area, 1), { x: 0.4, y: 0.1, width: 0.4, height: 0.3 });
  for (const turns of [0, 1, 2, 3]) near(areaToPicture(areaToView(area, turns), turns), area);
});

test("a corner stays within the picture, and the area does not vanish", () => {
  near(withCorner(whole, "start", { x: -1, y: 2 }), { x: 0, y: 1 - leastCrop, width: 1, height: leastCrop });
  near(withCorner({ x: 0.5, y: 0.5, width: 0.2, height: 0.2 }, "end", { x: 0, y: 9 }), { x: 0.5, y: 0.5, width: leastCrop, height: 0.5 });
});

test("the size follows the crop and the turns", () => {
  assert.deepEqual(sizeAfter({ width: 400, height: 200 }, { ...untouched, turns: 1 }), { width: 200, height: 400 });
  assert.deepEqual(sizeAfter({ width: 400, height: 200 }, { turns: 0, strokes: [], crop: { x: 0, y: 0, width: 0.5, height: 0.25 } }), { width: 200, height: 50 });
});

test("four turns are none", () => {
  assert.equal(isUntouched(untouched), true);
  assert.equal(isUntouched(turned(untouched)), false);
  assert.equal(isUntouched(turned(turned(turned(turned(untouched))))), true);
});

test("an entry moves among the others", () => {
  assert.deepEqual(moved(["a", "b", "c"], 0, 2), ["b", "c", "a"]);
  assert.deepEqual(moved(["a", "b", "c"], 2, 0), ["c", "a", "b"]);
  assert.deepEqual(moved(["a"], 5, 0), ["a"]);
});
