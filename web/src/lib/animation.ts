/** What the beginning of a GIF must hold to tell a second picture, in bytes. */
const looked = 256 * 1024;

const known = new Map<string, Promise<boolean>>();

/** Whether the GIF or WebP at an address has more than one picture. Each is looked at once. */
export function isAnimated(url: string): Promise<boolean> {
  // The page may not fetch its own files; they are looked at once they are sent.
  if (url.startsWith("blob:")) return Promise.resolve(false);
  const key = url.split("?")[0] ?? url;
  const present = known.get(key);
  if (present !== undefined) return present;
  const looking = look(url).catch(() => {
    // What could not be fetched can be looked at again.
    known.delete(key);
    return false;
  });
  known.set(key, looking);
  return looking;
}

async function look(url: string): Promise<boolean> {
  const answer = await fetch(url, { headers: { Range: `bytes=0-${looked - 1}` } });
  if (!answer.ok) throw new Error(answer.statusText);
  return hasFrames(new Uint8Array(await answer.arrayBuffer()));
}

/** Whether a file that begins with these bytes is an animation. Of a GIF whose first picture does not end in them, it is unknown: yes. */
export function hasFrames(bytes: Uint8Array): boolean {
  const text = (from: number, count: number) => String.fromCharCode(...bytes.subarray(from, from + count));
  // The flag of the extended header (WebP container specification, "Extended File Format").
  if (text(0, 4) === "RIFF" && text(8, 4) === "WEBP") return text(12, 4) === "VP8X" && ((bytes[20] ?? 0) & 2) !== 0;
  if (text(0, 3) !== "GIF") return false;
  const table = (flags: number) => ((flags & 0x80) === 0 ? 0 : 3 * 2 ** ((flags & 7) + 1));
  let at = 13 + table(bytes[10] ?? 0);
  let pictures = 0;
  while (at < bytes.length) {
    const kind = bytes[at];
    if (kind === 0x3b) return false;
    if (kind === 0x2c) {
      pictures += 1;
      if (pictures > 1) return true;
      at += 11 + table(bytes[at + 9] ?? 0);
    } else if (kind === 0x21) at += 2;
    else return false;
    while (at < bytes.length && bytes[at] !== 0) at += 1 + (bytes[at] ?? 0);
    at += 1;
  }
  return true;
}
