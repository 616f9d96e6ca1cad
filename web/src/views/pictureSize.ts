import { Upload } from "../client/types";

const widest = 360;
const highest = 380;
const least = 96;

/** The size of a picture in the message list, in CSS pixels. It is known before the picture loads. */
export function pictureSize(upload: Upload): { width: number; height: number } {
  const { width = 320, height = 240 } = upload;
  const scale = Math.min(1, widest / width, highest / height);
  return { width: Math.max(least, Math.round(width * scale)), height: Math.max(least, Math.round(height * scale)) };
}
