import { Id, Message } from "../client/types";
import { limits } from "../rules/limits";
import { Draft, draftOf, emptyDraft } from "../store/state";
import { Store } from "../store/store";
import * as texts from "../texts";
import { Notices } from "./notices";
import { saveUnsent } from "./unsent";
import { Uploads } from "./uploads";

/** What is being written in each conversation: text, files, and the message that it answers or edits. */
export class Drafts {
  constructor(private readonly store: Store, private readonly uploads: Uploads, private readonly notices: Notices) {}

  of(conversationId: Id): Draft {
    return draftOf(this.store.state, conversationId);
  }

  change(conversationId: Id, changes: Partial<Draft>): void {
    this.set(conversationId, { ...this.of(conversationId), ...changes });
  }

  clear(conversationId: Id): void {
    this.set(conversationId, emptyDraft);
  }

  reply(message: Message): void {
    const { editing: _, ...draft } = this.of(message.conversationId);
    this.set(message.conversationId, { ...draft, replyTo: message });
  }

  edit(message: Message): void {
    const { replyTo: _, ...draft } = this.of(message.conversationId);
    this.set(message.conversationId, { ...draft, editing: message, text: message.text });
  }

  /** Stops replying or editing. */
  stopReference(conversationId: Id): void {
    const { replyTo: _, editing, ...draft } = this.of(conversationId);
    this.set(conversationId, editing === undefined ? draft : { ...draft, text: "" });
  }

  attach(conversationId: Id, files: readonly File[]): void {
    const most = limits.attachments.most;
    const room = most - this.of(conversationId).uploads.length;
    if (files.length > room) this.notices.show(texts.composer.tooManyFiles(most), true);
    const ids = files.slice(0, Math.max(0, room)).map((file) => this.uploads.start(file));
    this.change(conversationId, { uploads: [...this.of(conversationId).uploads, ...ids] });
  }

  /** Removes a file from the draft and from the server. */
  detach(conversationId: Id, taskId: string): void {
    this.change(conversationId, { uploads: this.of(conversationId).uploads.filter((id) => id !== taskId) });
    this.uploads.cancel(taskId);
  }

  private set(conversationId: Id, draft: Draft): void {
    this.store.dispatch({ type: "draftChanged", conversationId, draft });
    saveUnsent(this.store.state);
  }
}
