import { Upload } from "../client/types";
import { State, UploadTask } from "./state";

/** A file on its way as the upload that it will be. */
export function uploadOf(task: UploadTask, ownerId: string): Upload {
  const { id, name, type, size, width, height, duration, preview = "" } = task;
  return task.upload ?? {
    id,
    ownerId,
    name,
    type,
    size,
    sha256: "",
    kind: kindOf(task),
    ...(width === undefined || height === undefined ? {} : { width, height }),
    ...(duration === undefined ? {} : { duration }),
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
    return task === undefined ? [] : [uploadOf(task, state.me?.id ?? "")];
  });
}
