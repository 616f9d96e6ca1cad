/** What is done to a picture before it is sent. All places are shares of the picture as it is, before it is turned: 0 to 1. */
export interface Edits {
  /** Quarter turns to the right. */
  readonly turns: number;
  readonly crop: Area;
  readonly strokes: readonly Stroke[];
}

export interface Place {
  readonly x: number;
  readonly y: number;
}

export interface Area extends Place {
  readonly width: number;
  readonly height: number;
}

/** A line that was drawn over the picture, or that makes it unrecognizable. */
export interface Stroke {
  readonly kind: "draw" | "blur";
  readonly color: string;
  /** As a share of the picture's longer side. */
  readonly width: number;
  readonly points: readonly Place[];
}

export const whole: Area = { x: 0, y: 0, width: 1, height: 1 };
export const untouched: Edits = { turns: 0, crop: whole, strokes: [] };

/** A crop leaves at least this share of each side. */
export const leastCrop = 0.05;

export function isUntouched({ turns, crop, strokes }: Edits): boolean {
  return turns === 0 && strokes.length === 0 && crop.width === 1 && crop.height === 1;
}

/** Another quarter turn to the right. */
export function turned(edits: Edits): Edits {
  return { ...edits, turns: (edits.turns + 1) % 4 };
}

/** Where a place of the picture is once it is turned. */
export function toView({ x, y }: Place, turns: number): Place {
  switch (turns) {
    case 1:
      return { x: 1 - y, y: x };
    case 2:
      return { x: 1 - x, y: 1 - y };
    case 3:
      return { x: y, y: 1 - x };
    default:
      return { x, y };
  }
}

/** The place of the picture that is shown at a place, once it is turned. */
export function toPicture(place: Place, turns: number): Place {
  return toView(place, (4 - turns) % 4);
}

/** An area between two corners, whichever they are. */
export function areaBetween(a: Place, b: Place): Area {
  return { x: Math.min(a.x, b.x), y: Math.min(a.y, b.y), width: Math.abs(a.x - b.x), height: Math.abs(a.y - b.y) };
}

export function areaToView(area: Area, turns: number): Area {
  return areaBetween(toView(area, turns), toView({ x: area.x + area.width, y: area.y + area.height }, turns));
}

export function areaToPicture(area: Area, turns: number): Area {
  return areaToView(area, (4 - turns) % 4);
}

/** An area of which a corner was moved; it stays within the picture, and does not vanish. */
export function withCorner(area: Area, corner: "start" | "end", to: Place): Area {
  const right = area.x + area.width;
  const bottom = area.y + area.height;
  if (corner === "start") {
    const x = between(0, to.x, right - leastCrop);
    const y = between(0, to.y, bottom - leastCrop);
    return { x, y, width: right - x, height: bottom - y };
  }
  return { x: area.x, y: area.y, width: between(area.x + leastCrop, to.x, 1) - area.x, height: between(area.y + leastCrop, to.y, 1) - area.y };
}

function between(least: number, value: number, most: number): number {
  return Math.max(least, Math.min(most, value));
}

/** The size of what is left of a picture, in its own pixels. */
export function sizeAfter(size: { width: number; height: number }, { turns, crop }: Edits): { width: number; height: number } {
  const width = Math.max(1, Math.round(size.width * crop.width));
  const height = Math.max(1, Math.round(size.height * crop.height));
  return turns % 2 === 0 ? { width, height } : { width: height, height: width };
}

/** Moves an entry of a list. */
export function moved<T>(list: readonly T[], from: number, to: number): T[] {
  const result = list.slice();
  const [entry] = result.splice(from, 1);
  if (entry !== undefined) result.splice(to, 0, entry);
  return result;
}
