import { cardHeight } from "../lib/cardShape";
import { fitted, mosaic } from "../lib/mosaic";
import { hasText } from "../store/textFiles";
import { Row } from "../store/rows";

/** An estimate of a row's height in pixels, used until the row is shown and measured. */
export function estimateHeight(row: Row): number {
  const text = row.message?.text ?? row.pending?.text ?? "";
  const lines = text === "" ? 0 : text.split("\n").reduce((sum, line) => sum + 1 + Math.floor(line.length / 60), 0);
  const attachments = row.message?.attachments ?? [];
  const sizes = (kind: "image" | "video") =>
    attachments.filter((upload) => upload.kind === kind).map(({ width = 320, height = 240 }) => ({ width, height }));
  const pictures = sizes("image");
  const [only] = pictures;
  const pictureHeight = pictures.length === 1 && only !== undefined ? fitted(only).height : pictures.length > 1 ? mosaic(pictures).height : 0;
  const filmHeight = sizes("video").reduce((sum, size) => sum + fitted(size).height, 0);
  const texts = attachments.filter(hasText).length;
  const pages = attachments.filter(({ kind, thumbnails }) => kind === "file" && thumbnails.length > 0).length;
  const files = attachments.filter(({ kind }) => kind === "file" || kind === "audio").length;
  const card = row.message?.card === undefined ? 0 : cardHeight(row.message.card);
  return (row.above.length + row.below.length) * 28 + (row.isDayStart ? 48 : 0) + (row.isUnreadStart ? 40 : 0) + (row.isLast ? 10 : 2) + 32 + lines * 21 + files * 64 + (texts + pages) * 150 + card + pictureHeight + filmHeight;
}
