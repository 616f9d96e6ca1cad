import { Id } from "../client/types";
import { PendingMessage, UploadTask } from "../store/state";

/**
 * Keeps what is not acknowledged over a reload of this tab. A message whose files were still on their way is not kept:
 * a page cannot read them again.
 */
const key = "parley.pending";

interface Kept {
  pending: PendingMessage;
  tasks: UploadTask[];
}

export function savePending(userId: Id, pending: readonly PendingMessage[], uploads: Readonly<Record<string, UploadTask>>): void {
  const kept: Kept[] = [];
  for (const message of pending) {
    const tasks = message.uploads.flatMap((id) => uploads[id] ?? []);
    if (message.state === "uploading" || tasks.some((task) => task.upload === undefined)) continue;
    kept.push({ pending: message, tasks: tasks.map(({ preview: _, ...task }) => task) });
  }
  try {
    if (kept.length === 0) sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, JSON.stringify({ userId, kept }));
  } catch {
    // A full or forbidden storage costs only what a reload would have saved.
  }
}

export function loadPending(userId: Id): Kept[] {
  try {
    const stored = JSON.parse(sessionStorage.getItem(key) ?? "null") as { userId: Id; kept: Kept[] } | null;
    return stored?.userId === userId ? stored.kept : [];
  } catch {
    return [];
  }
}
