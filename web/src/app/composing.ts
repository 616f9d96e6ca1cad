import { ApiError } from "../client/errors";
import { Outbox } from "../client/outbox";
import { Id, Message } from "../client/types";
import { newId } from "../lib/ids";
import { draftOf } from "../store/reduce";
import { Draft, emptyDraft, PendingMessage } from "../store/state";
import { problemText, texts } from "../texts";
import type { Chat } from "./chat";
import { forgetUnsent, loadUnsent, saveUnsent } from "./unsent";

/** API.md: at most this many attachments on a message. */
export const maxAttachments = 10;

/** How often a typing mark is renewed while somebody types, in milliseconds. */
const typingInterval = 3_000;

interface Transfer {
  file: File;
  controller: AbortController;
}

/** Drafts, files on their way, and messages from pressing Enter to the server's acknowledgement. */
export class Composing {
  private readonly outbox: Outbox;
  private readonly transfers = new Map<string, Transfer>();
  private typingSent: { id: Id; at: number } | undefined;

  constructor(private readonly chat: Chat) {
    const { store, parley } = chat;
    this.outbox = new Outbox({
      transmit: (message) => parley.send(message),
      onSent: (clientId, message) => {
        const pending = this.pending(clientId);
        store.dispatch({ type: "messages", conversationId: message.conversationId, messages: [message] });
        // Even a message of another id under this clientId would settle it.
        store.dispatch({ type: "pendingRemoved", clientId });
        for (const id of pending?.uploads ?? []) this.forgetUpload(id);
        this.save();
      },
      onFailed: (clientId, error) => this.fail(clientId, error),
    });
  }

  setOnline(isOnline: boolean): void {
    this.outbox.setOnline(isOnline);
  }

  clear(): void {
    for (const transfer of this.transfers.values()) transfer.controller.abort();
    this.transfers.clear();
    this.outbox.clear();
    forgetUnsent();
  }

  /** Takes up what a reload interrupted. */
  restore(userId: Id): void {
    const { store } = this.chat;
    const { messages, drafts } = loadUnsent(userId);
    for (const { pending, tasks } of messages) {
      if (store.state.pending.some((present) => present.clientId === pending.clientId)) continue;
      for (const task of tasks) store.dispatch({ type: "uploadAdded", task });
      store.dispatch({ type: "pendingAdded", pending });
      if (pending.state === "sending") this.enqueue(pending);
    }
    for (const [id, text] of Object.entries(drafts)) {
      if (store.state.drafts[id] === undefined) this.change(id, { text });
    }
  }

  // Draft

  draft(id: Id): Draft {
    return draftOf(this.chat.store.state, id);
  }

  change(conversationId: Id, changes: Partial<Draft>): void {
    this.set(conversationId, { ...this.draft(conversationId), ...changes });
  }

  reply(message: Message): void {
    const { editing: _, ...draft } = this.draft(message.conversationId);
    this.set(message.conversationId, { ...draft, replyTo: message });
  }

  edit(message: Message): void {
    const { replyTo: _, ...draft } = this.draft(message.conversationId);
    this.set(message.conversationId, { ...draft, editing: message, text: message.text });
  }

  /** Leaves replying or editing. */
  stopReference(conversationId: Id): void {
    const { replyTo: _, editing, ...draft } = this.draft(conversationId);
    this.set(conversationId, editing === undefined ? draft : { ...draft, text: "" });
  }

  private set(conversationId: Id, draft: Draft): void {
    this.chat.store.dispatch({ type: "draftChanged", conversationId, draft });
    this.save();
  }

  /** Says that the user types, now and then while it goes on; an empty text ends it. */
  typing(id: Id, active: boolean): void {
    const now = Date.now();
    const last = this.typingSent;
    if (active ? last?.id === id && now - last.at < typingInterval : last?.id !== id) return;
    this.typingSent = active ? { id, at: now } : undefined;
    this.chat.parley.typing(id, active).catch(() => {
      // Without a connection nobody knows; the next keystroke tells.
      this.typingSent = undefined;
    });
  }

  // Files

  attach(conversationId: Id, files: readonly File[]): void {
    const room = maxAttachments - this.draft(conversationId).uploads.length;
    if (files.length > room) this.chat.notice(texts.composer.tooManyFiles(maxAttachments), true);
    const ids = files.slice(0, Math.max(0, room)).map((file) => this.startUpload(file));
    this.change(conversationId, { uploads: [...this.draft(conversationId).uploads, ...ids] });
  }

  /** Removes a file from the draft; what has been transferred of it is deleted. */
  detach(conversationId: Id, taskId: string): void {
    this.change(conversationId, { uploads: this.draft(conversationId).uploads.filter((id) => id !== taskId) });
    this.cancelUpload(taskId);
  }

  retryUpload(taskId: string): void {
    const transfer = this.transfers.get(taskId);
    if (transfer !== undefined) void this.transfer(taskId, transfer.file);
  }

  /** Whether leaving the page would lose a file that is not with the server yet: a page cannot read it again. */
  get isUploading(): boolean {
    return Object.values(this.chat.store.state.uploads).some(({ upload }) => upload === undefined);
  }

  private startUpload(file: File): string {
    const id = newId();
    const preview = file.type.startsWith("image/") ? { preview: URL.createObjectURL(file) } : {};
    this.chat.store.dispatch({
      type: "uploadAdded",
      task: { id, name: file.name, size: file.size, type: file.type, share: 0, state: "uploading", ...preview },
    });
    void this.transfer(id, file);
    return id;
  }

  private async transfer(id: string, file: File): Promise<void> {
    const { store, parley } = this.chat;
    const controller = new AbortController();
    this.transfers.set(id, { file, controller });
    store.dispatch({ type: "uploadChanged", id, changes: { state: "uploading" } });
    try {
      const upload = await parley.uploader.upload(file, {
        signal: controller.signal,
        onProgress: (share) => store.dispatch({ type: "uploadChanged", id, changes: { share, state: "uploading" } }),
        untilOnline: async (delay) => {
          store.dispatch({ type: "uploadChanged", id, changes: { state: "waiting" } });
          await this.untilOnline(delay, controller.signal);
        },
      });
      if (controller.signal.aborted) {
        await parley.uploader.discard(upload.id);
        return;
      }
      store.dispatch({ type: "uploadChanged", id, changes: { state: "done", share: 1, upload } });
    } catch (error) {
      if (controller.signal.aborted) return;
      store.dispatch({ type: "uploadChanged", id, changes: { state: "failed", problem: problemText(error) } });
    }
    for (const pending of store.state.pending) {
      if (pending.state === "uploading" && pending.uploads.includes(id)) this.proceed(pending);
    }
  }

  private cancelUpload(taskId: string): void {
    const task = this.chat.store.state.uploads[taskId];
    this.transfers.get(taskId)?.controller.abort();
    if (task?.upload !== undefined) this.chat.parley.uploader.discard(task.upload.id).catch(() => {});
    this.forgetUpload(taskId);
  }

  private forgetUpload(taskId: string): void {
    const preview = this.chat.store.state.uploads[taskId]?.preview;
    if (preview !== undefined) URL.revokeObjectURL(preview);
    this.transfers.delete(taskId);
    this.chat.store.dispatch({ type: "uploadRemoved", id: taskId });
  }

  private untilOnline(delay: number, signal: AbortSignal): Promise<void> {
    const { store } = this.chat;
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

  // Sending

  /** Sends the draft, or saves the edit that it is. Answers whether there was something to send. */
  submit(conversationId: Id): boolean {
    const draft = this.draft(conversationId);
    const text = draft.text.trim();
    this.typing(conversationId, false);
    if (draft.editing !== undefined) {
      const { editing } = draft;
      if (text === "" && editing.attachments.length === 0) return false;
      this.set(conversationId, emptyDraft);
      if (text !== editing.text) void this.chat.attempt(() => this.apply(this.chat.parley.edit(editing.id, text)));
      return true;
    }
    if (text === "" && draft.uploads.length === 0) return false;
    const pending: PendingMessage = {
      clientId: newId(),
      conversationId,
      text,
      uploads: draft.uploads,
      createdAt: new Date().toISOString(),
      state: "uploading",
      ...(draft.replyTo === undefined ? {} : { replyTo: draft.replyTo.id }),
    };
    if (draft.replyTo !== undefined) this.chat.store.dispatch({ type: "quoted", message: draft.replyTo });
    this.set(conversationId, emptyDraft);
    this.chat.store.dispatch({ type: "pendingAdded", pending });
    this.proceed(pending);
    return true;
  }

  retry(clientId: string): void {
    const pending = this.pending(clientId);
    if (pending === undefined) return;
    this.alter(clientId, { state: "uploading" });
    for (const id of pending.uploads) {
      if (this.chat.store.state.uploads[id]?.state === "failed") this.retryUpload(id);
    }
    this.proceed({ ...pending, state: "uploading" });
  }

  /** Gives a message up that was not acknowledged. */
  discard(clientId: string): void {
    const pending = this.pending(clientId);
    this.outbox.remove(clientId);
    this.chat.store.dispatch({ type: "pendingRemoved", clientId });
    for (const id of pending?.uploads ?? []) this.cancelUpload(id);
    this.save();
  }

  /** Hands a message to the outbox once its files have arrived. */
  private proceed(pending: PendingMessage): void {
    const tasks = pending.uploads.map((id) => this.chat.store.state.uploads[id]);
    const failed = tasks.find((task) => task?.state === "failed");
    if (failed !== undefined) {
      this.alter(pending.clientId, { state: "failed", problem: failed.problem ?? "" });
    } else if (tasks.every((task) => task?.upload !== undefined)) {
      this.alter(pending.clientId, { state: "sending" });
      this.enqueue(pending);
      this.save();
    }
  }

  private enqueue(pending: PendingMessage): void {
    const { clientId, conversationId, text, replyTo } = pending;
    const attachments = pending.uploads.flatMap((id) => this.chat.store.state.uploads[id]?.upload?.id ?? []);
    this.outbox.add({ clientId, conversationId, text, attachments, ...(replyTo === undefined ? {} : { replyTo }) });
  }

  private fail(clientId: string, error: ApiError): void {
    this.alter(clientId, { state: "failed", problem: problemText(error) });
    this.save();
  }

  private pending(clientId: string): PendingMessage | undefined {
    return this.chat.store.state.pending.find((pending) => pending.clientId === clientId);
  }

  private alter(clientId: string, changes: Partial<PendingMessage>): void {
    this.chat.store.dispatch({ type: "pendingChanged", clientId, changes });
  }

  private save(): void {
    const { me, pending, uploads, drafts } = this.chat.store.state;
    if (me !== undefined) saveUnsent(me.id, pending, uploads, drafts);
  }

  // Changing what was sent

  async react(message: Message, emoji: string): Promise<void> {
    const meId = this.chat.store.state.me?.id ?? "";
    const isMine = message.reactions.some((reaction) => reaction.emoji === emoji && reaction.userIds.includes(meId));
    await this.chat.attempt(() => this.apply(this.chat.parley.react(message.id, emoji, !isMine)));
  }

  async remove(message: Message): Promise<void> {
    await this.chat.attempt(() => this.apply(this.chat.parley.deleteMessage(message.id)));
  }

  private async apply(answer: Promise<Message>): Promise<void> {
    const message = await answer;
    this.chat.store.dispatch({ type: "messages", conversationId: message.conversationId, messages: [message] });
  }
}
