/** Films, sounds and pictures that move. */

export const player = {
  play: (name: string) => `Play ${name}`,
  pause: (name: string) => `Pause ${name}`,
  position: "Position",
  mute: "Mute",
  unmute: "Unmute",
  full: "Full screen",
  speed: (rate: number) => `Speed: ${rate}×`,
  of: (time: string, whole: string) => `${time} of ${whole}`,
};

/** The beginning of a text that was sent. */
export const preview = {
  label: (name: string) => `The beginning of ${name}`,
  open: "Open",
  close: "Close",
  cut: "This is the beginning. Save the file to read all of it.",
  failed: "No preview",
};

const types: Record<string, string> = {
  "application/pdf": "PDF document",
  "application/zip": "ZIP archive",
  "application/gzip": "gzip archive",
  "application/x-tar": "tar archive",
  "application/x-7z-compressed": "7-Zip archive",
  "application/json": "JSON",
  "application/msword": "Word document",
  "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "Word document",
  "application/vnd.ms-excel": "Excel table",
  "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "Excel table",
  "application/vnd.ms-powerpoint": "PowerPoint slides",
  "application/vnd.openxmlformats-officedocument.presentationml.presentation": "PowerPoint slides",
  "application/vnd.oasis.opendocument.text": "OpenDocument text",
  "application/vnd.oasis.opendocument.spreadsheet": "OpenDocument table",
  "application/vnd.oasis.opendocument.presentation": "OpenDocument slides",
  "application/epub+zip": "EPUB book",
  "text/plain": "Text",
  "text/csv": "CSV table",
  "text/html": "Web page",
  "text/markdown": "Markdown",
  "image/svg+xml": "SVG drawing",
};

const kinds: Record<string, string> = { image: "Picture", video: "Film", audio: "Sound", text: "Text", font: "Font" };

/** The type of a file in words: of what is unknown, its ending says the most. */
export function fileType(type: string, name: string): string {
  const known = types[type.split(";")[0] ?? ""];
  if (known !== undefined) return known;
  const ending = /\.([A-Za-z0-9]{1,5})$/.exec(name)?.[1]?.toUpperCase();
  const kind = kinds[type.split("/")[0] ?? ""];
  if (kind !== undefined) return ending === undefined ? kind : `${kind}, ${ending}`;
  return ending === undefined ? "File" : `${ending} file`;
}
