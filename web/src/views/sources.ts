import { Upload } from "../client/types";
import { Size } from "../lib/mosaic";

/** What browsers show by themselves. */
const shown = new Set(["image/jpeg", "image/png", "image/gif", "image/webp", "image/avif"]);

/** What shows a picture as large as it is, or as near to that as the browser can. */
export function wholeSource({ type, url, thumbnails }: Upload): string {
  return shown.has(type) ? url : thumbnails.find(({ size }) => size === "large")?.url ?? url;
}

/** Whether a picture may be an animation. The server does not say which ones are. */
export function canMove({ type }: Upload): boolean {
  return type === "image/gif" || type === "image/webp";
}

/** What shows a picture that may be an animation as large as it is, without motion. */
export function stillSource({ url, thumbnails }: Upload): string {
  const [largest] = thumbnails.slice().sort((a, b) => b.width - a.width);
  return largest?.url ?? url;
}

/** A file that is larger than this, in bytes, is not loaded for its last pixels. */
const mostBytes = 8_000_000;

/**
 * The smallest thumbnail with as many pixels as the screen has in the box. If none has, it is the file itself, as long as that
 * is not much larger.
 */
export function sourceFor({ width = 320, height = 240, thumbnails, url, type, size }: Upload, box: Size): string {
  const scale = Math.max(box.width / width, box.height / height);
  const ordered = thumbnails.slice().sort((a, b) => a.width - b.width);
  const largest = ordered[ordered.length - 1];
  const wanted = Math.min(width, width * scale * Math.min(2, window.devicePixelRatio));
  const fitting = ordered.find((thumbnail) => thumbnail.width >= wanted - 1);
  if (fitting !== undefined || largest === undefined) return fitting?.url ?? url;
  const isEnough = largest.width >= Math.min(width, width * scale) - 1;
  return isEnough || !shown.has(type) || size > mostBytes ? largest.url : url;
}
