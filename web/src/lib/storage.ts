/**
 * The browser's storage of this site, shared by its tabs. A browser may forbid it, or have no room left: then this page
 * remembers by itself, until it is closed, and goes on.
 */
const memory = new Map<string, string>();

export function readStored(key: string): string | null {
  try {
    return memory.get(key) ?? localStorage.getItem(key);
  } catch {
    return memory.get(key) ?? null;
  }
}

export function store(key: string, value: string | null): void {
  memory.delete(key);
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, value);
  } catch {
    if (value !== null) memory.set(key, value);
  }
}

/** The keys that begin with `prefix`. */
export function storedKeys(prefix: string): string[] {
  const keys = new Set(memory.keys());
  try {
    for (let index = 0; index < localStorage.length; index += 1) keys.add(localStorage.key(index) ?? "");
  } catch {
    // Then there are only those of this page.
  }
  return [...keys].filter((key) => key.startsWith(prefix));
}
