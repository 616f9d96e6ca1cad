import { isHopeless, UnreadableFile } from "../client/errors";
import { Parley } from "../client/parley";
import { Id } from "../client/types";
import { newId } from "../lib/ids";
import { measure } from "../lib/measure";
import { mostPreviews } from "../store/reduce";
import { UploadTask } from "../store/state";
import { Store } from "../store/store";
import { problemText } from "../texts/problems";

interface Transfer {
  file: File;
  controller: AbortController;
}

/** Files on their way to the server. Their progress is in the state, as upload tasks. */
export class Uploads {
  /** Called when a transfer has ended, well or badly. */
  onSettled: (taskId: string) => void = () => {};

  private readonly transfers = new Map<string, Transfer>();
  private readonly shown: string[] = [];

  constructor(private readonly parley: Parley, private readonly store: Store) {}

  clear(): void {
    for (const transfer of this.transfers.values()) transfer.controller.abort();
    this.transfers.clear();
  }

  /** Whether leaving the page would lose a file: a page cannot read it again. */
  get isUnderWay(): boolean {
    return Object.values(this.store.state.uploads).some(({ upload, isLost }) => upload === undefined && isLost !== true);
  }

  /** Begins to send a file, of which something may be known. Answers the id of its task. */
  start(file: File, known: Pick<UploadTask, "duration" | "waveform" | "alt" | "asFile"> = {}): string {
    const id = newId();
    const preview = /^(image|video|audio)\//.test(file.type) ? { preview: URL.createObjectURL(file) } : {};
    this.store.dispatch({
      type: "uploadAdded",
      task: { id, name: file.name, size: file.size, type: file.type, share: 0, state: "uploading", ...preview, ...known },
    });
    if (preview.preview !== undefined) void this.measure(id, file.type, preview.preview);
    void this.transfer(id, file);
    return id;
  }

  /** The bytes of a file that is on its way, or has arrived. */
  async content(taskId: string): Promise<Blob> {
    const file = this.transfers.get(taskId)?.file;
    if (file !== undefined) return file;
    const url = this.store.state.uploads[taskId]?.upload?.url;
    const answer = url === undefined ? undefined : await fetch(url);
    if (answer?.ok !== true) throw new UnreadableFile(taskId);
    return answer.blob();
  }

  retry(taskId: string): void {
    const transfer = this.transfers.get(taskId);
    if (transfer !== undefined) void this.transfer(taskId, transfer.file);
  }

  /** Stops a transfer, deletes what the server has of it, and forgets its task. */
  cancel(taskId: string): void {
    const task = this.store.state.uploads[taskId];
    this.transfers.get(taskId)?.controller.abort();
    if (task?.upload !== undefined) void this.discard(task.upload.id);
    this.forget(taskId);
  }

  /** Forgets a task; the file stays with the server. */
  forget(taskId: string): void {
    const { preview, upload } = this.store.state.uploads[taskId] ?? {};
    if (preview !== undefined) this.leave(preview, upload !== undefined);
    this.transfers.delete(taskId);
    this.store.dispatch({ type: "uploadRemoved", id: taskId });
  }

  /** Lets go of a preview; the latest ones of files that were sent are shown on. */
  private leave(preview: string, isShown: boolean): void {
    if (isShown) this.shown.push(preview);
    const old = isShown ? this.shown.splice(0, this.shown.length - mostPreviews) : [preview];
    for (const url of old) URL.revokeObjectURL(url);
  }

  private async measure(id: string, type: string, preview: string): Promise<void> {
    const measures = await measure(type, preview);
    this.store.dispatch({ type: "uploadChanged", id, changes: measures });
  }

  private async transfer(id: string, file: File): Promise<void> {
    const { store, parley } = this;
    const controller = new AbortController();
    this.transfers.set(id, { file, controller });
    store.dispatch({ type: "uploadChanged", id, changes: { state: "uploading" } });
    try {
      await checkReadable(file);
      const uploader = await parley.uploader();
      const upload = await uploader.upload(file, {
        signal: controller.signal,
        onProgress: (share) => store.dispatch({ type: "uploadChanged", id, changes: { share, state: "uploading" } }),
        untilOnline: async (delay) => {
          await checkReadable(file);
          store.dispatch({ type: "uploadChanged", id, changes: { state: "waiting" } });
          await this.untilOnline(delay, controller.signal);
        },
      });
      if (controller.signal.aborted) {
        await this.discard(upload.id);
        return;
      }
      store.dispatch({ type: "uploadChanged", id, changes: { state: "done", share: 1, upload } });
    } catch (error) {
      if (controller.signal.aborted) return;
      store.dispatch({ type: "uploadChanged", id, changes: { state: "failed", problem: problemText(error), isLost: isHopeless(error) } });
    }
    this.onSettled(id);
  }

  /** Deletes an upload that no message carries. What is left behind, the server deletes by itself. */
  private async discard(id: Id): Promise<void> {
    try {
      await (await this.parley.uploader()).discard(id);
    } catch {
      // The server deletes it later.
    }
  }

  /** Waits `delay` milliseconds, and then for the connection. An abort ends the wait. */
  private untilOnline(delay: number, signal: AbortSignal): Promise<void> {
    const { store } = this;
    return new Promise((resolve) => {
      const check = () => {
        if (store.state.connection !== "online" && !signal.aborted) return;
        unsubscribe();
        signal.removeEventListener("abort", check);
        resolve();
      };
      let unsubscribe = () => {};
      setTimeout(() => {
        unsubscribe = store.subscribe(check);
        check();
      }, delay);
      signal.addEventListener("abort", check);
    });
  }
}

/** A file that cannot be read looks to a browser as if the network had failed. */
async function checkReadable(file: File): Promise<void> {
  try {
    await file.slice(0, 1).arrayBuffer();
  } catch (error) {
    throw new UnreadableFile(String(error));
  }
}
