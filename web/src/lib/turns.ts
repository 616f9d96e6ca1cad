import { storageKey } from "./basePath";

/** Does something in one tab after the other, with the names that earlier turns have answered. */
export interface Turns {
  take(work: (taken: ReadonlySet<string>) => readonly string[]): Promise<void>;
}

const name = storageKey("turns");

/** Names are remembered this long, in milliseconds. */
const memory = 86_400_000;

/**
 * The turns of this browser's tabs. Storage that one tab has changed reaches the others late, and locks are for secure
 * pages only. The transactions of a database are one after the other on every page, and see what earlier ones wrote.
 */
export const tabTurns: Turns = {
  async take(work) {
    let isDone = false;
    try {
      const database = await opened(indexedDB.open(name, 1));
      try {
        await new Promise<void>((resolve, reject) => {
          const transaction = database.transaction(name, "readwrite");
          transaction.oncomplete = () => resolve();
          transaction.onabort = transaction.onerror = () => reject(new Error(String(transaction.error)));
          const store = transaction.objectStore(name);
          const request = store.getAll() as IDBRequest<{ name: string; at: number }[]>;
          request.onsuccess = () => {
            isDone = true;
            const now = Date.now();
            for (const { name, at } of request.result) if (Math.abs(now - at) > memory) store.delete(name);
            for (const name of work(new Set(request.result.map(({ name }) => name)))) store.put({ name, at: now });
          };
        });
      } finally {
        database.close();
      }
    } catch {
      // Without a database nobody waits for another.
      if (!isDone) work(new Set());
    }
  },
};

function opened(request: IDBOpenDBRequest): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    request.onupgradeneeded = () => request.result.createObjectStore(name, { keyPath: "name" });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(new Error(String(request.error)));
  });
}
