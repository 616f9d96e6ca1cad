import { Row } from "../store/rows";
import { pictureSize } from "./pictureSize";

/** An estimate of a row's height in pixels, used until the row is shown and measured. */
export function estimateHeight(row: Row): number {
  const text = row.message?.text ?? row.pending?.text ?? "";
  const lines = text === "" ? 0 : text.split("\n").reduce((sum, line) => sum + 1 + Math.floor(line.length / 60), 0);
  const pictures = (row.message?.attachments ?? []).filter((upload) => upload.kind === "image");
  const files = (row.message?.attachments.length ?? 0) - pictures.length;
  const [only] = pictures;
  const pictureHeight = pictures.length === 1 && only !== undefined ? pictureSize(only).height : Math.ceil(pictures.length / 2) * 180;
  return (row.isDayStart ? 48 : 0) + (row.isUnreadStart ? 40 : 0) + (row.isLast ? 10 : 2) + 32 + lines * 21 + files * 64 + pictureHeight;
}
