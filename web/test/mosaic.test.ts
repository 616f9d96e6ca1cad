import assert from "node:assert/strict";
import { test } from "node:test";
import { fitted, isLong, mosaic, mosaicWidth, mostTiles } from "../src/lib/mosaic";

const sizes = [
  { width: 1600, height: 1000 }, { width: 700, height: 1100 }, { width: 4000, height: 200 }, { width: 200, height: 4000 },
  { width: 10, height: 10 }, { width: 1200, height: 900 }, { width: 640, height: 640 },
];

test("every mosaic of two to ten pictures of any shape fits, without gaps at its sides", () => {
  for (let count = 2; count <= 10; count += 1) {
    for (let first = 0; first < sizes.length; first += 1) {
      const pictures = Array.from({ length: count }, (_, index) => sizes[(first + index * 3) % sizes.length] ?? { width: 1, height: 1 });
      const { height, tiles } = mosaic(pictures);
      assert(height <= 420.001, `${count} pictures are ${height} high`);
      assert.equal(tiles.length, Math.min(count, mostTiles));
      for (const tile of tiles) {
        assert(tile.left >= 0 && tile.left + tile.width <= mosaicWidth + 0.001 && tile.top + tile.height <= height + 0.001);
        assert(tile.width >= 40 && tile.height >= 40, JSON.stringify(tile));
      }
      for (const top of new Set(tiles.map((tile) => tile.top))) {
        const row = tiles.filter((tile) => tile.top === top);
        const end = row[row.length - 1];
        assert(Math.abs((end?.left ?? 0) + (end?.width ?? 0) - mosaicWidth) < 0.001);
      }
    }
  }
});

test("a single picture of any shape is whole, or known to be cut", () => {
  for (let exponent = -1.3; exponent <= 1.31; exponent += 0.05) {
    const ratio = 10 ** exponent;
    const picture = { width: Math.round(1000 * Math.sqrt(ratio)), height: Math.round(1000 / Math.sqrt(ratio)) };
    const box = fitted(picture);
    assert(box.width <= 360 && box.height <= 380 && Math.min(box.width, box.height) >= 96);
    const isWhole = Math.abs(box.width / box.height / (picture.width / picture.height) - 1) < 0.02;
    assert(isWhole || isLong(picture, box) || box.width === 96 || box.height === 96, JSON.stringify([picture, box]));
  }
});
