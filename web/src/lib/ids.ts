/** A random id. `crypto.randomUUID` exists on secure pages only, and a server on a local network may not have one. */
export function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
