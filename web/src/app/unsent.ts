import { Id } from "../client/types";
import { PendingMessage, State, UploadTask } from "../store/state";

/** What a reload of this tab would lose, saved for the user who wrote it. */
interface Kept {
  userId: Id;
  messages: { pending: PendingMessage; tasks: UploadTask[] }[];
  /** Texts being written, by conversation. */
  drafts: Record<Id, string>;
}

const key = "parley.unsent";

/**
 * Saves the messages that are not acknowledged and the texts being written. A message whose files are still on their way
 * is left out: a page cannot read them again.
 */
export function saveUnsent({ me, pending, uploads, drafts: written }: State): void {
  if (me === undefined) return;
  const messages: Kept["messages"] = [];
  for (const message of pending) {
    const tasks = message.uploads.flatMap((id) => uploads[id] ?? []);
    if (message.state === "uploading" || tasks.some((task) => task.upload === undefined)) continue;
    messages.push({ pending: message, tasks: tasks.map(({ preview: _, ...task }) => task) });
  }
  const drafts: Record<Id, string> = {};
  for (const [id, { text, editing }] of Object.entries(written)) if (text !== "" && editing === undefined) drafts[id] = text;
  try {
    sessionStorage.setItem(key, JSON.stringify({ userId: me.id, messages, drafts }));
  } catch {
    // If storage is full or forbidden, only a reload loses something.
  }
}

export function loadUnsent(userId: Id): Pick<Kept, "messages" | "drafts"> {
  try {
    const kept = JSON.parse(sessionStorage.getItem(key) ?? "null") as Kept | null;
    if (kept?.userId === userId) return kept;
  } catch {
    // Whatever cannot be read is lost.
  }
  return { messages: [], drafts: {} };
}

export function forgetUnsent(): void {
  sessionStorage.removeItem(key);
}
