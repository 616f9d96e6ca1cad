import { ApiError } from "../client/errors";
import { Outbox } from "../client/outbox";
import { Parley } from "../client/parley";
import { Id, Message } from "../client/types";
import { newId } from "../lib/ids";
import type { Recorded } from "../lib/recording";
import { withoutBlankEdges } from "../rules/limits";
import { Act } from "../store/act";
import { PendingMessage } from "../store/state";
import { Store } from "../store/store";
import * as texts from "../texts";
import { problemText } from "../texts/problems";
import { Acts } from "./acts";
import { Drafts } from "./drafts";
import { Notices } from "./notices";
import { Uploads } from "./uploads";

/** Messages from pressing Enter to the server's acknowledgement, and edits. */
export class Sending {
  constructor(
    private readonly parley: Parley,
    private readonly store: Store,
    private readonly outbox: Outbox,
    private readonly drafts: Drafts,
    private readonly uploads: Uploads,
    private readonly acts: Acts,
    private readonly notices: Notices,
  ) {
    uploads.onSettled = (taskId) => this.uploadSettled(taskId);
    acts.onEditFailed = (act, problem) => this.editFailed(act, problem);
  }

  /** Goes on with a message that the page was closed over. Its files must be upload tasks already. */
  restore(pending: PendingMessage): void {
    if (this.pending(pending.clientId) !== undefined) return;
    this.store.dispatch({ type: "pendingAdded", pending });
    if (pending.state === "failed") return;
    const isLost = pending.uploads.some((id) => this.store.state.uploads[id]?.isLost === true);
    if (isLost) this.alter(pending.clientId, { state: "failed", problem: texts.message.filesLost });
    else this.proceed(pending);
  }

  /** Sends the draft of a conversation, or saves the edit that is in its field. An empty one does nothing. */
  submit(conversationId: Id): void {
    const { text: written, uploads, editing, replyTo } = this.drafts.of(conversationId);
    if (editing !== undefined) {
      const text = withoutBlankEdges(editing.text);
      if (text === "" && !editing.mayBeEmpty) return;
      this.drafts.stopReference(conversationId);
      if (text !== editing.original) this.edit(conversationId, editing.target, text);
      return;
    }
    const text = withoutBlankEdges(written);
    if (text === "" && uploads.length === 0) return;
    this.drafts.clear(conversationId);
    this.add(conversationId, text, uploads, replyTo);
  }

  /** Sends a recording by itself, as an answer if the draft is one. What else is in the draft stays there. */
  sendRecording(conversationId: Id, { file, ...known }: Recorded): void {
    const { replyTo, editing } = this.drafts.of(conversationId);
    const id = this.uploads.start(file, known);
    if (replyTo !== undefined && editing === undefined) this.drafts.stopReference(conversationId);
    this.add(conversationId, "", [id], editing === undefined ? replyTo : undefined);
  }

  private add(conversationId: Id, text: string, uploads: readonly string[], replyTo: Message | undefined): void {
    const pending: PendingMessage = {
      clientId: newId(),
      conversationId,
      text,
      uploads,
      createdAt: new Date().toISOString(),
      state: "uploading",
      unseen: uploads.filter((id) => this.store.state.uploads[id]?.upload === undefined),
      ...(replyTo === undefined ? {} : { replyTo: replyTo.id }),
    };
    if (replyTo !== undefined) this.store.dispatch({ type: "kept", messages: [replyTo] });
    this.store.dispatch({ type: "pendingAdded", pending });
    this.proceed(pending);
  }

  /** Sends a refused message again; files that were lost with an earlier page are left out. */
  retry(clientId: string): void {
    const pending = this.pending(clientId);
    if (pending === undefined) return;
    const uploads = pending.uploads.filter((id) => this.store.state.uploads[id]?.isLost !== true);
    if (pending.text === "" && uploads.length === 0) return;
    this.alter(clientId, { state: "uploading", uploads, unseen: [] });
    for (const id of uploads) if (this.store.state.uploads[id]?.state === "failed") this.uploads.retry(id);
    this.proceed({ ...pending, uploads, unseen: [] });
  }

  /** Gives up a message that was not acknowledged. One that may have arrived is deleted as soon as that is known. */
  discard(clientId: string): void {
    const pending = this.pending(clientId);
    if (pending === undefined) return;
    if (pending.isTried === true && pending.state !== "failed") {
      this.acts.remove(pending.conversationId, clientId);
      return;
    }
    this.outbox.remove(clientId);
    this.store.dispatch({ type: "pendingRemoved", clientId });
    for (const id of pending.uploads) this.uploads.cancel(id);
  }

  /** Changes a message. One that was never sent changes where it waits. */
  private edit(conversationId: Id, target: string, text: string): void {
    const pending = this.pending(target);
    if (pending === undefined || (pending.isTried === true && pending.state !== "failed")) {
      this.acts.edit(conversationId, target, text);
      return;
    }
    this.alter(target, { text });
    if (pending.state === "failed") this.retry(target);
  }

  private editFailed(act: Act, problem: string): void {
    if (this.drafts.isUntouched(act.conversationId)) {
      this.drafts.editAgain(act, problem);
    } else {
      // The user is writing something else by now. The edit waits beside its message.
      this.store.dispatch({ type: "actChanged", act: { ...act, problem } });
    }
    this.notices.show(texts.message.notSaved(problem), true);
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
    } else if (pending.unseen?.some((id) => this.store.state.uploads[id]?.upload?.visibility === "owner") === true) {
      // The tray was gone before it could say so.
      this.alter(pending.clientId, { state: "failed", problem: texts.message.ownerOnly });
    } else if (tasks.every((task) => task?.upload !== undefined)) {
      this.alter(pending.clientId, { state: "sending" });
      this.enqueue(pending);
    }
  }

  private enqueue(pending: PendingMessage): void {
    const { clientId, conversationId } = pending;
    // It may arrive without an acknowledgement, and is shown then. The same request again brings the acknowledgement.
    let last = pending;
    this.outbox.add({
      key: clientId,
      conversationId,
      transmit: () => this.transmit((last = this.pending(clientId) ?? last)),
      onSent: (message) => this.sent(last, message),
      onFailed: (error) => this.failed(clientId, error),
    });
  }

  private transmit(pending: PendingMessage): Promise<Message> {
    const { clientId, conversationId, text, replyTo } = pending;
    const attachments = pending.uploads.flatMap((taskId) => {
      const { upload, alt = "", asFile = false } = this.store.state.uploads[taskId] ?? {};
      if (upload === undefined) return [];
      return [alt === "" && !asFile ? upload.id : { id: upload.id, ...(alt === "" ? {} : { alt }), ...(asFile ? { asFile } : {}) }];
    });
    if (pending.isTried !== true) this.alter(clientId, { isTried: true });
    return this.parley.send({ clientId, conversationId, text, attachments, ...(replyTo === undefined ? {} : { replyTo }) });
  }

  private sent({ clientId, uploads }: PendingMessage, message: Message): void {
    this.acts.messageSent(clientId, message.id);
    this.store.dispatch({ type: "messages", conversationId: message.conversationId, messages: [message] });
    // The answer settles this clientId even if it is a message that was stored under another one.
    this.store.dispatch({ type: "pendingRemoved", clientId });
    for (const id of uploads) this.uploads.forget(id);
  }

  private failed(clientId: string, error: ApiError): void {
    this.alter(clientId, { state: "failed", problem: problemText(error) });
    // What was to be done to it once it was sent is done to it here.
    for (const act of this.store.state.acts[clientId] ?? []) {
      this.acts.drop(act);
      if (act.change.kind === "edit") this.alter(clientId, { text: act.change.text });
      if (act.change.kind === "delete") this.discard(clientId);
    }
  }

  private pending(clientId: string): PendingMessage | undefined {
    return this.store.state.pending.find((pending) => pending.clientId === clientId);
  }

  private alter(clientId: string, changes: Partial<PendingMessage>): void {
    this.store.dispatch({ type: "pendingChanged", clientId, changes });
  }
}
