export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Tile extends Size {
  readonly left: number;
  readonly top: number;
}

/** The sizes of pictures in a conversation, in CSS pixels. */
const widest = 360;
const highest = 380;
const least = 96;

/** The size of a single picture. Only the longest ones are cut: they would be too narrow to see. */
export function fitted({ width, height }: Size): Size {
  const scale = Math.min(1, widest / width, highest / height);
  return { width: Math.max(least, Math.round(width * scale)), height: Math.max(least, Math.round(height * scale)) };
}

/** Whether a box shows a picture cut at its ends rather than a little at its sides. */
export function isLong(picture: Size, box: Size): boolean {
  const ratio = picture.width / picture.height / (box.width / box.height);
  return Math.max(ratio, 1 / ratio) > 1.8;
}

export const mosaicWidth = 364;
const mosaicHeight = 420;
const gap = 3;

/** So many pictures are shown; the last of them says how many there are beyond. */
export const mostTiles = 6;

/** A row is best about this high. */
const rowHeight = 150;

/** Pictures in rows, each as wide as all, in their order. It is at most 420 pixels high. */
export function mosaic(pictures: readonly Size[]): { height: number; tiles: Tile[] } {
  const ratios = pictures.slice(0, mostTiles).map(({ width, height }) => Math.min(2, Math.max(0.6, width / height)));
  const rows = bestRows(ratios);
  const room = mosaicHeight - gap * (rows.length - 1);
  const scale = Math.min(1, room / rows.reduce((sum, row) => sum + heightOf(row), 0));
  const tiles: Tile[] = [];
  let top = 0;
  for (const row of rows) {
    const height = heightOf(row) * scale;
    const line = mosaicWidth - gap * (row.length - 1);
    const sum = row.reduce((total, ratio) => total + ratio, 0);
    let left = 0;
    for (const ratio of row) {
      const width = (line * ratio) / sum;
      tiles.push({ left, top, width, height });
      left += width + gap;
    }
    top += height + gap;
  }
  return { height: top - gap, tiles };
}

function heightOf(row: readonly number[]): number {
  return (mosaicWidth - gap * (row.length - 1)) / row.reduce((sum, ratio) => sum + ratio, 0);
}

/** Of all ways to break a line of pictures, the one whose rows are nearest to the best height. */
function bestRows(ratios: readonly number[]): number[][] {
  let best: number[][] = [];
  let least = Infinity;
  for (let breaks = 0; breaks < 1 << (ratios.length - 1); breaks += 1) {
    const rows: number[][] = [[]];
    ratios.forEach((ratio, index) => {
      rows[rows.length - 1]?.push(ratio);
      if (index < ratios.length - 1 && (breaks >> index) & 1) rows.push([]);
    });
    const whole = rows.reduce((sum, row) => sum + heightOf(row) + gap, -gap);
    const cost = rows.reduce((sum, row) => sum + (heightOf(row) - rowHeight) ** 2, 0) / rows.length + Math.max(0, whole - mosaicHeight) ** 2;
    if (cost < least) [best, least] = [rows, cost];
  }
  return best;
}
