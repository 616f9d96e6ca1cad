import { Id } from "../client/types";
import { State } from "./state";

/** By conversation: what the user wrote and did not send where their list does not show it. */
export function lostWords(state: Pick<State, "pending" | "acts" | "drafts" | "conversations" | "unlisted">): ReadonlyMap<Id, string> {
  const { pending, acts, drafts, conversations, unlisted } = state;
  const words = [
    ...pending.map(({ conversationId, text }) => [conversationId, text] as const),
    ...Object.values(acts).flat().map(({ conversationId, change }) => [conversationId, change.kind === "edit" ? change.text : ""] as const),
    ...Object.entries(drafts).flatMap(([id, { text, editing, begun = {} }]) => {
      return [...Object.values(begun), editing?.text ?? "", text].map((written) => [id, written] as const);
    }),
  ];
  return new Map(words.filter(([id, text]) => text.trim() !== "" && (conversations[id] === undefined || unlisted[id] === true)));
}
