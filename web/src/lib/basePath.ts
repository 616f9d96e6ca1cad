/**
 * The path below which the server serves everything, `/chat`; empty where it has its name for itself. The page's script
 * is in `assets/` below it.
 */
export const basePath = typeof document === "undefined" ? "" : basePathOf(document.querySelector<HTMLScriptElement>("script[type=module]")?.src);

export function basePathOf(script: string | undefined): string {
  const path = script === undefined ? "" : new URL(script, "http://localhost").pathname;
  return path.slice(0, Math.max(0, path.lastIndexOf("/assets/")));
}

/** The path of an address without `base`. */
export function withoutBasePath(pathname: string, base = basePath): string {
  return pathname === base || pathname.startsWith(`${base}/`) ? pathname.slice(base.length) : pathname;
}

/** The name of something that the tabs of a browser share. Two servers on one origin must not share it. */
export function storageKey(name: string): string {
  return `parley${basePath.replace(/\//g, ":")}.${name}`;
}
