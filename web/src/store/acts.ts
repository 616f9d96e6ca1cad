import { Id, Message } from "../client/types";
import { Act } from "./act";
import { Draft, State } from "./state";
import { changedReactions } from "./timeline";

export function withAct(state: State, act: Act): State {
  const others = (state.acts[act.target] ?? []).filter(({ id }) => id !== act.id);
  return { ...state, acts: { ...state.acts, [act.target]: [...others, act] } };
}

export function withoutAct(state: State, { id, target }: Act): State {
  const { [target]: present = [], ...rest } = state.acts;
  const others = present.filter((act) => act.id !== id);
  return { ...state, acts: others.length === 0 ? rest : { ...rest, [target]: others } };
}

/** The message of a `clientId` was sent, and has an id now: for what is to be done to it, and for edits of it. */
export function withTarget(state: State, clientId: string, target: Id): State {
  const drafts = Object.entries(state.drafts).map(([id, draft]) => [id, withEdited(draft, clientId, target)] as const);
  const next = { ...state, drafts: Object.fromEntries(drafts) };
  const { [clientId]: moved, ...rest } = state.acts;
  if (moved === undefined) return next;
  const acts = [...(rest[target] ?? []), ...moved.map((act) => ({ ...act, target }))];
  return { ...next, acts: { ...rest, [target]: acts } };
}

function withEdited(draft: Draft, clientId: string, target: Id): Draft {
  const { editing, begun: { [clientId]: text, ...others } = {} } = draft;
  const edited = editing?.target === clientId ? { ...draft, editing: { ...editing, target } } : draft;
  return text === undefined ? edited : { ...edited, begun: { ...others, [target]: text } };
}

/** A text as it will be when the edits of its message are carried out. */
export function textAfter(text: string, acts: readonly Act[]): string {
  return acts.reduce((current, { change }) => (change.kind === "edit" ? change.text : current), text);
}

/** A message as it will be when its changes are carried out. */
export function afterActs(message: Message, acts: readonly Act[] = [], meId: Id): Message {
  return acts.reduce((current, { change, createdAt, problem }) => {
    if (problem !== undefined) return current;
    switch (change.kind) {
      case "edit":
        return { ...current, text: change.text, editedAt: createdAt };
      case "delete":
        return { ...current, text: "", attachments: [], reactions: [], deletedAt: createdAt };
      case "react":
        return { ...current, reactions: changedReactions(current.reactions, { ...change, userId: meId }) };
    }
  }, message);
}
