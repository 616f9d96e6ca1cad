import { Edits, sizeAfter, Stroke, whole } from "./pictureEdits";

/** A picture that was decoded, upright. */
export type Picture = ImageBitmap;

/** What is made unrecognizable has so many squares along its longer side. */
const squares = 40;

/** Larger pictures are edited at this size: browsers have no larger canvas everywhere. */
const mostPixels = 40_000_000;

/** @throws when the browser cannot decode it. */
export async function decoded(file: Blob): Promise<Picture> {
  const picture = await createImageBitmap(file);
  const scale = Math.sqrt(mostPixels / (picture.width * picture.height));
  if (scale >= 1) return picture;
  const options = { resizeWidth: Math.floor(picture.width * scale), resizeHeight: Math.floor(picture.height * scale), resizeQuality: "high" } as const;
  const smaller = await createImageBitmap(picture, options);
  picture.close();
  return smaller;
}

/** Paints an edited picture on a canvas, which gets its size: at most `longest` on its longer side. */
export function paint(canvas: HTMLCanvasElement, picture: Picture, edits: Edits, longest = Infinity): void {
  const size = sizeAfter(picture, edits);
  const scale = Math.min(1, longest / Math.max(size.width, size.height));
  canvas.width = Math.max(1, Math.round(size.width * scale));
  canvas.height = Math.max(1, Math.round(size.height * scale));
  const context = canvas.getContext("2d");
  if (context === null) return;
  context.translate(canvas.width / 2, canvas.height / 2);
  context.rotate((edits.turns * Math.PI) / 2);
  context.scale(scale, scale);
  context.translate(-(edits.crop.x + edits.crop.width / 2) * picture.width, -(edits.crop.y + edits.crop.height / 2) * picture.height);
  context.drawImage(picture, 0, 0);
  for (const stroke of edits.strokes) {
    if (stroke.kind === "draw") draw(context, picture, stroke);
    else blur(context, picture, stroke);
  }
}

function draw(context: CanvasRenderingContext2D, { width, height }: Picture, stroke: Stroke): void {
  context.lineCap = context.lineJoin = "round";
  context.strokeStyle = stroke.color;
  context.lineWidth = stroke.width * Math.max(width, height);
  context.beginPath();
  stroke.points.forEach(({ x, y }, index) => {
    if (index === 0) context.moveTo(x * width, y * height);
    context.lineTo(x * width, y * height);
  });
  context.stroke();
}

/** Squares in the color of what they cover. */
function blur(context: CanvasRenderingContext2D, picture: Picture, stroke: Stroke): void {
  const { width, height } = picture;
  const radius = (stroke.width * Math.max(width, height)) / 2;
  context.save();
  context.beginPath();
  let last: { x: number; y: number } | undefined;
  for (const point of stroke.points) {
    const to = { x: point.x * width, y: point.y * height };
    const from = last ?? to;
    const steps = Math.max(1, Math.ceil(Math.hypot(to.x - from.x, to.y - from.y) / (radius / 2)));
    for (let step = 1; step <= steps; step += 1) {
      const x = from.x + ((to.x - from.x) * step) / steps;
      const y = from.y + ((to.y - from.y) * step) / steps;
      context.moveTo(x + radius, y);
      context.arc(x, y, radius, 0, 2 * Math.PI);
    }
    last = to;
  }
  context.clip();
  context.imageSmoothingEnabled = false;
  context.drawImage(squaresOf(picture), 0, 0, width, height);
  context.restore();
}

const pixelated = new WeakMap<Picture, HTMLCanvasElement>();

function squaresOf(picture: Picture): HTMLCanvasElement {
  const present = pixelated.get(picture);
  if (present !== undefined) return present;
  const canvas = document.createElement("canvas");
  const scale = squares / Math.max(picture.width, picture.height);
  canvas.width = Math.max(1, Math.round(picture.width * scale));
  canvas.height = Math.max(1, Math.round(picture.height * scale));
  const context = canvas.getContext("2d");
  if (context !== null) {
    context.imageSmoothingQuality = "high";
    context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  }
  pixelated.set(picture, canvas);
  return canvas;
}

/** What can be written again in its own format; other pictures become PNGs. */
const written = new Set(["image/jpeg", "image/png", "image/webp"]);

/** The edited picture as a file of the same name. */
export async function fileOf(picture: Picture, edits: Edits, name: string, type: string): Promise<File> {
  const canvas = document.createElement("canvas");
  paint(canvas, picture, edits);
  const wanted = written.has(type) ? type : "image/png";
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, wanted, 0.92));
  canvas.width = canvas.height = 0;
  if (blob === null) throw new Error("the picture is too large for this browser");
  const ending = blob.type === "image/png" && type !== "image/png" ? ".png" : undefined;
  return new File([blob], ending === undefined ? name : name.replace(/(\.\w+)?$/, ending), { type: blob.type });
}

/** Without the crop, to choose one. */
export function uncropped(edits: Edits): Edits {
  return { ...edits, crop: whole };
}
