import { Id, Message } from "../client/types";
import { limits } from "../rules/limits";
import { Act } from "../store/act";
import { Draft, draftOf, Editing, emptyDraft, PendingMessage, UploadTask } from "../store/state";
import { Store } from "../store/store";
import { without } from "../store/tables";
import * as texts from "../texts";
import { messageSummary } from "../texts/summary";
import { Notices } from "./notices";
import { Uploads } from "./uploads";

/**
 * What is being written in each conversation: text, files, and the message that it answers. While a message is edited,
 * all that is put aside.
 */
export class Drafts {
  /** Called with the message that a restored draft answers. */
  onReplyRestored: (conversationId: Id, messageId: Id) => void = () => {};

  /** By conversation: the draft as it was when the latest edit was saved. */
  private readonly afterEdit = new Map<Id, Draft>();

  constructor(private readonly store: Store, private readonly uploads: Uploads, private readonly notices: Notices) {}

  of(conversationId: Id): Draft {
    return draftOf(this.store.state, conversationId);
  }

  /** The text in the field changes: that of the edit, or else that of the draft. */
  write(conversationId: Id, text: string): void {
    const draft = this.of(conversationId);
    const { editing } = draft;
    this.set(conversationId, editing === undefined ? { ...draft, text } : { ...draft, editing: { ...editing, text } });
  }

  /** Empties the draft. Edits that were begun stay. */
  clear(conversationId: Id): void {
    const { begun } = this.of(conversationId);
    this.set(conversationId, begun === undefined ? emptyDraft : { ...emptyDraft, begun });
  }

  reply(message: Message): void {
    const { editing: _, ...draft } = aside(this.of(message.conversationId));
    this.set(message.conversationId, { ...draft, replyTo: message });
  }

  /** Edits a message, which is given as it is shown. */
  edit(message: Message): void {
    const { id: target, conversationId, text, attachments } = message;
    this.begin(conversationId, { target, text, original: text, summary: messageSummary(message), mayBeEmpty: attachments.length > 0 });
  }

  editPending({ clientId: target, conversationId, text, uploads }: PendingMessage): void {
    this.begin(conversationId, { target, text, original: text, summary: text, mayBeEmpty: uploads.length > 0 });
  }

  /** Begins an edit, or goes on with it. Half of another one is put aside. */
  private begin(conversationId: Id, editing: Editing): void {
    const present = this.of(conversationId);
    if (present.editing?.target === editing.target) return;
    const { begun = {}, ...draft } = aside(present);
    const { [editing.target]: text = editing.text, ...others } = begun;
    this.set(conversationId, { ...draft, editing: { ...editing, text }, ...begunOf(others) });
  }

  /** Puts an edit that the server refused back into the field, with the reason. */
  editAgain({ conversationId, target, change }: Act, problem: string): void {
    if (change.kind !== "edit") return;
    const message = this.store.state.timelines[conversationId]?.messages.find(({ id }) => id === target);
    const original = message?.text ?? "";
    const summary = message === undefined ? "" : messageSummary(message);
    const mayBeEmpty = message !== undefined && message.attachments.length > 0;
    const editing = { target, text: change.text, original, summary, mayBeEmpty, problem };
    this.set(conversationId, { ...aside(this.of(conversationId)), editing });
  }

  /** Whether the field is as the latest edit left it, so that the edit may come back into it. */
  isUntouched(conversationId: Id): boolean {
    const { text, editing } = this.of(conversationId);
    return editing === undefined && (text === "" || text === this.afterEdit.get(conversationId)?.text);
  }

  /** Stops editing, or else replying. */
  stopReference(conversationId: Id): void {
    const { editing, ...draft } = this.of(conversationId);
    const { replyTo: _, ...unrelated } = draft;
    this.set(conversationId, editing === undefined ? unrelated : draft);
    this.afterEdit.set(conversationId, this.of(conversationId));
  }

  /** Attaches what was dropped or pasted. */
  async attachDropped(conversationId: Id, dropped: Promise<readonly File[]>): Promise<void> {
    await this.notices.attempt(async () => {
      const files = await dropped;
      if (files.length === 0) this.notices.show(texts.composer.emptyFolder, true);
      else this.attach(conversationId, files);
    });
  }

  attach(conversationId: Id, files: readonly File[]): void {
    const draft = this.of(conversationId);
    const most = limits.attachments.most;
    const room = most - draft.uploads.length;
    if (files.length > room) this.notices.show(texts.composer.tooManyFiles(most), true);
    else if (draft.editing !== undefined) this.notices.show(texts.composer.filesWait);
    const ids = files.slice(0, Math.max(0, room)).map((file) => this.uploads.start(file));
    this.set(conversationId, { ...this.of(conversationId), uploads: [...draft.uploads, ...ids] });
  }

  /** Removes a file from the draft and from the server. */
  detach(conversationId: Id, taskId: string): void {
    const draft = this.of(conversationId);
    this.set(conversationId, { ...draft, uploads: draft.uploads.filter((id) => id !== taskId) });
    this.uploads.cancel(taskId);
  }

  /** Throws a draft away, as its user asks for. Edits stay. */
  discard(conversationId: Id): void {
    const { uploads, replyTo: _, ...edits } = this.of(conversationId);
    for (const id of uploads) this.uploads.cancel(id);
    this.set(conversationId, { ...edits, ...emptyDraft });
  }

  /** Throws an edit away that was begun and left. */
  discardBegun(conversationId: Id, target: string): void {
    const { begun = {}, ...draft } = this.of(conversationId);
    this.set(conversationId, { ...draft, ...begunOf(without(begun, target)) });
  }

  /** Takes a draft that was kept. Answers whether it could: another one may have been begun since. */
  restore(conversationId: Id, draft: Draft, tasks: readonly UploadTask[] = []): boolean {
    const present = this.of(conversationId);
    const { text, uploads, editing } = present;
    const isFree = text.trim() === "" && uploads.length === 0 && editing === undefined;
    const begun = begunOf({ ...draft.begun, ...present.begun });
    if (!isFree) {
      const isSame = text === draft.text && draft.uploads.length === 0 && draft.editing === undefined;
      if (isSame && draft.begun !== undefined) this.set(conversationId, { ...present, ...begun });
      return isSame;
    }
    for (const task of tasks) this.store.dispatch({ type: "uploadAdded", task });
    const { replyTo } = draft;
    // It may have been changed or deleted since, so it is shown once the server has said how it is.
    const reference = replyTo === undefined ? {} : { replyTo: { ...replyTo, text: "", attachments: [], revision: 0 } };
    this.set(conversationId, { ...draft, ...begun, ...reference });
    if (replyTo !== undefined) this.onReplyRestored(conversationId, replyTo.id);
    return true;
  }

  private set(conversationId: Id, draft: Draft): void {
    this.store.dispatch({ type: "draftChanged", conversationId, draft });
  }
}

function begunOf(begun: Readonly<Record<string, string>>): Pick<Draft, "begun"> {
  return Object.keys(begun).length === 0 ? {} : { begun };
}

/** A draft whose edit, if it has changed anything, is among those that were begun. */
function aside(draft: Draft): Draft {
  const { editing } = draft;
  if (editing === undefined || editing.text === editing.original) return draft;
  return { ...draft, begun: { ...draft.begun, [editing.target]: editing.text } };
}
