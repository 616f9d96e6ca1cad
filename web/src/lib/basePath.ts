/**
 * The path below which the server serves everything, `/chat`; empty where it has its name for itself. The page's scripts
 * are in `assets/` below it.
 */
export const basePath = basePathOf(import.meta.url);

export function basePathOf(script: string): string {
  return /^\w+:\/\/[^/]*(.*)\/assets\//.exec(script)?.[1] ?? "";
}

/** The name of something that the tabs of a browser share. Two servers on one origin must not share it. */
export function storageKey(name: string): string {
  return `parley${basePath.replace(/\//g, ":")}.${name}`;
}
