import { Id } from "../client/types";
import type { Recorded } from "../lib/recording";
import { characters, fits, limits, trimmed } from "../rules/limits";
import * as texts from "../texts";
import { Writers } from "./writers";

/** What is done to the files of a draft; what asks for it is loaded when it is opened. */
type Parts = Pick<Writers, "drafts" | "notices" | "store" | "uploads">;

function setFiles({ drafts, store }: Parts, conversationId: Id, uploads: readonly string[]): void {
  store.dispatch({ type: "draftChanged", conversationId, draft: { ...drafts.of(conversationId), uploads } });
}

/** Puts a recording that was not sent to the files of the draft. */
export function attachRecording(parts: Parts, conversationId: Id, { file, ...known }: Recorded): void {
  const { uploads } = parts.drafts.of(conversationId);
  const { most } = limits.attachments;
  if (uploads.length >= most) parts.notices.show(texts.composer.tooManyFiles(most), true);
  else setFiles(parts, conversationId, [...uploads, parts.uploads.start(file, known)]);
}

/** Puts the files in another order. Those that it does not name stay at the end. */
export function reorderFiles(parts: Parts, conversationId: Id, ids: readonly string[]): void {
  const { uploads } = parts.drafts.of(conversationId);
  const named = ids.filter((id) => uploads.includes(id));
  setFiles(parts, conversationId, [...named, ...uploads.filter((id) => !named.includes(id))]);
}

/** Says what can be seen or heard in a file; an empty text says nothing. */
export function describeFile({ store }: Parts, taskId: string, words: string): void {
  store.dispatch({ type: "uploadChanged", id: taskId, changes: { alt: words.trim() } });
}

/** Says whether a picture or film is sent as a file. */
export function sendAsFile({ store }: Parts, taskId: string, asFile: boolean): void {
  store.dispatch({ type: "uploadChanged", id: taskId, changes: { asFile } });
}

/** The first of the files with a description that is too long. */
export function tooLongDescribed(ids: readonly string[], words: Readonly<Record<string, string>>): string | undefined {
  return ids.find((id) => !fits(characters(trimmed(words[id] ?? "")), limits.alt));
}

/** Puts a file in the place of another one, of which the same is said. */
export function replaceFile(parts: Parts, conversationId: Id, taskId: string, file: File): void {
  if (!parts.drafts.of(conversationId).uploads.includes(taskId)) return;
  const { alt, asFile } = parts.store.state.uploads[taskId] ?? {};
  const next = parts.uploads.start(file, { ...(alt === undefined ? {} : { alt }), ...(asFile === undefined ? {} : { asFile }) });
  setFiles(parts, conversationId, parts.drafts.of(conversationId).uploads.map((id) => (id === taskId ? next : id)));
  parts.uploads.cancel(taskId);
}
