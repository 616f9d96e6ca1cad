import { Conversation, Upload } from "../client/types";
import { State, UploadTask } from "./state";

/** A file on its way as the upload that it will be. */
export function uploadOf(task: UploadTask, ownerId: string): Upload {
  const { id, name, type, size, width, height, duration, waveform, alt, preview = "" } = task;
  const words = (alt ?? "") === "" ? {} : { alt };
  if (task.upload !== undefined) return { ...task.upload, ...words };
  return {
    ...words,
    id,
    ownerId,
    name,
    type,
    size,
    sha256: "",
    kind: kindOf(task),
    ...(width === undefined || height === undefined ? {} : { width, height }),
    ...(duration === undefined ? {} : { duration }),
    ...(waveform === undefined ? {} : { waveform: [...waveform] }),
    url: preview,
    thumbnails: [],
    createdAt: "",
  };
}

/** What the browser cannot show is a plain file, until the server says otherwise. */
function kindOf({ type, width, duration }: UploadTask): Upload["kind"] {
  if (type.startsWith("image/") && width !== undefined) return "image";
  if (type.startsWith("video/") && width !== undefined) return "video";
  return type.startsWith("audio/") && duration !== undefined ? "audio" : "file";
}

/** The uploads of a message that is not sent yet. */
export function pendingUploads(state: Pick<State, "uploads" | "me">, ids: readonly string[]): Upload[] {
  return ids.flatMap((id) => {
    const task = state.uploads[id];
    if (task === undefined) return [];
    const upload = uploadOf(task, state.me?.id ?? "");
    return [task.asFile === true ? { ...upload, kind: "file" } : upload];
  });
}

/**
 * Whether two versions of a conversation are the same for what shows one message of it: kind, roles and people, but not how
 * far anybody has read, or what came last.
 */
export function isSameFrame(a: Conversation, b: Conversation): boolean {
  const isSame = a.id === b.id && a.kind === b.kind && a.title === b.title && a.visibility === b.visibility && a.memberCount === b.memberCount;
  if (!isSame || a.me?.role !== b.me?.role || a.members.length !== b.members.length) return false;
  return a.members === b.members || a.members.every(({ user, role }, index) => user === b.members[index]?.user && role === b.members[index]?.role);
}
