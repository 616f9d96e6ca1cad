import { Id } from "../client/types";
import { Draft, PendingMessage, UploadTask } from "../store/state";

/** What a reload of this tab would lose, kept for the user who wrote it. */
interface Kept {
  userId: Id;
  messages: { pending: PendingMessage; tasks: UploadTask[] }[];
  /** Texts being written, by conversation. */
  drafts: Record<Id, string>;
}

const key = "parley.unsent";

/**
 * Keeps what is not acknowledged, and what is being written. A message whose files were still on their way is not kept:
 * a page cannot read them again.
 */
export function saveUnsent(
  userId: Id,
  pending: readonly PendingMessage[],
  uploads: Readonly<Record<string, UploadTask>>,
  written: Readonly<Record<Id, Draft>>,
): void {
  const messages: Kept["messages"] = [];
  for (const message of pending) {
    const tasks = message.uploads.flatMap((id) => uploads[id] ?? []);
    if (message.state === "uploading" || tasks.some((task) => task.upload === undefined)) continue;
    messages.push({ pending: message, tasks: tasks.map(({ preview: _, ...task }) => task) });
  }
  const drafts: Record<Id, string> = {};
  for (const [id, { text, editing }] of Object.entries(written)) if (text !== "" && editing === undefined) drafts[id] = text;
  try {
    sessionStorage.setItem(key, JSON.stringify({ userId, messages, drafts }));
  } catch {
    // A full or forbidden storage costs only what a reload would have saved.
  }
}

export function loadUnsent(userId: Id): Pick<Kept, "messages" | "drafts"> {
  try {
    const kept = JSON.parse(sessionStorage.getItem(key) ?? "null") as Kept | null;
    if (kept?.userId === userId) return kept;
  } catch {
    // What cannot be read is lost.
  }
  return { messages: [], drafts: {} };
}

export function forgetUnsent(): void {
  sessionStorage.removeItem(key);
}
