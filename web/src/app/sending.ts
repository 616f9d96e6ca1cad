import { ApiError } from "../client/errors";
import { Outbox } from "../client/outbox";
import { Parley } from "../client/parley";
import { Id, Message } from "../client/types";
import { newId } from "../lib/ids";
import { PendingMessage } from "../store/state";
import { Store } from "../store/store";
import { problemText } from "../texts/problems";
import { Drafts } from "./drafts";
import { Messages } from "./messages";
import { forgetUnsent, loadUnsent, saveUnsent } from "./unsent";
import { Uploads } from "./uploads";

/** Messages from pressing Enter to the server's acknowledgement. */
export class Sending {
  private readonly outbox: Outbox;

  constructor(
    private readonly parley: Parley,
    private readonly store: Store,
    private readonly drafts: Drafts,
    private readonly uploads: Uploads,
    private readonly messages: Messages,
  ) {
    this.outbox = new Outbox({
      transmit: (message) => this.parley.send(message),
      onSent: (clientId, message) => this.sent(clientId, message),
      onFailed: (clientId, error) => this.failed(clientId, error),
    });
    uploads.onSettled = (taskId) => this.uploadSettled(taskId);
  }

  setOnline(isOnline: boolean): void {
    this.outbox.setOnline(isOnline);
  }

  clear(): void {
    this.outbox.clear();
    forgetUnsent();
  }

  /** Continues with what a reload interrupted. */
  restore(userId: Id): void {
    const { store } = this;
    const { messages, drafts } = loadUnsent(userId);
    for (const { pending, tasks } of messages) {
      if (this.pending(pending.clientId) !== undefined) continue;
      for (const task of tasks) store.dispatch({ type: "uploadAdded", task });
      store.dispatch({ type: "pendingAdded", pending });
      if (pending.state === "sending") this.enqueue(pending);
    }
    for (const [id, text] of Object.entries(drafts)) {
      if (store.state.drafts[id] === undefined) this.drafts.change(id, { text });
    }
  }

  /** Sends the draft of a conversation, or saves it if it edits a message. An empty draft does nothing. */
  submit(conversationId: Id): void {
    const { text: written, uploads, editing, replyTo } = this.drafts.of(conversationId);
    const text = written.trim();
    if (editing !== undefined) {
      if (text === "" && editing.attachments.length === 0) return;
      this.drafts.clear(conversationId);
      if (text !== editing.text) void this.messages.edit(editing, text);
      return;
    }
    if (text === "" && uploads.length === 0) return;
    const pending: PendingMessage = {
      clientId: newId(),
      conversationId,
      text,
      uploads,
      createdAt: new Date().toISOString(),
      state: "uploading",
      ...(replyTo === undefined ? {} : { replyTo: replyTo.id }),
    };
    if (replyTo !== undefined) this.store.dispatch({ type: "quoted", message: replyTo });
    this.drafts.clear(conversationId);
    this.store.dispatch({ type: "pendingAdded", pending });
    this.proceed(pending);
  }

  retry(clientId: string): void {
    const pending = this.pending(clientId);
    if (pending === undefined) return;
    this.alter(clientId, { state: "uploading" });
    for (const id of pending.uploads) {
      if (this.store.state.uploads[id]?.state === "failed") this.uploads.retry(id);
    }
    this.proceed({ ...pending, state: "uploading" });
  }

  /** Gives up a message that was not acknowledged. */
  discard(clientId: string): void {
    const pending = this.pending(clientId);
    this.outbox.remove(clientId);
    this.store.dispatch({ type: "pendingRemoved", clientId });
    for (const id of pending?.uploads ?? []) this.uploads.cancel(id);
    saveUnsent(this.store.state);
  }

  private uploadSettled(taskId: string): void {
    for (const pending of this.store.state.pending) {
      if (pending.state === "uploading" && pending.uploads.includes(taskId)) this.proceed(pending);
    }
  }

  /** Hands a message to the outbox once its files have arrived. */
  private proceed(pending: PendingMessage): void {
    const tasks = pending.uploads.map((id) => this.store.state.uploads[id]);
    const failed = tasks.find((task) => task?.state === "failed");
    if (failed !== undefined) {
      this.alter(pending.clientId, { state: "failed", problem: failed.problem ?? "" });
    } else if (tasks.every((task) => task?.upload !== undefined)) {
      this.alter(pending.clientId, { state: "sending" });
      this.enqueue(pending);
      saveUnsent(this.store.state);
    }
  }

  private enqueue(pending: PendingMessage): void {
    const { clientId, conversationId, text, replyTo } = pending;
    const attachments = pending.uploads.flatMap((id) => this.store.state.uploads[id]?.upload?.id ?? []);
    this.outbox.add({ clientId, conversationId, text, attachments, ...(replyTo === undefined ? {} : { replyTo }) });
  }

  private sent(clientId: string, message: Message): void {
    const pending = this.pending(clientId);
    this.store.dispatch({ type: "messages", conversationId: message.conversationId, messages: [message] });
    // The answer settles this clientId even if it is a message that was stored under another one.
    this.store.dispatch({ type: "pendingRemoved", clientId });
    for (const id of pending?.uploads ?? []) this.uploads.forget(id);
    saveUnsent(this.store.state);
  }

  private failed(clientId: string, error: ApiError): void {
    this.alter(clientId, { state: "failed", problem: problemText(error) });
    saveUnsent(this.store.state);
  }

  private pending(clientId: string): PendingMessage | undefined {
    return this.store.state.pending.find((pending) => pending.clientId === clientId);
  }

  private alter(clientId: string, changes: Partial<PendingMessage>): void {
    this.store.dispatch({ type: "pendingChanged", clientId, changes });
  }
}
