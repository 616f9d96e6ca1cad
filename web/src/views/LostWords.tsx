import { Id } from "../client/types";
import { draftOf } from "../store/state";
import * as texts from "../texts";
import { useStore } from "./context";
import { useWriters } from "./useWriters";

/** What the user wrote in a conversation that they are not in any more. */
export function LostWords({ conversationId }: { conversationId: Id }) {
  const { acts, notices, sending, drafts } = useWriters();
  const allPending = useStore((state) => state.pending);
  const allActs = useStore((state) => state.acts);
  const draft = useStore((state) => draftOf(state, conversationId));
  const pending = allPending.filter((message) => message.conversationId === conversationId);
  const words = [
    ...pending.map(({ clientId, text, problem }) => ({ key: clientId, text, problem, discard: () => sending.discard(clientId) })),
    ...Object.values(allActs).flat().flatMap((act) => {
      const { id, change, problem } = act;
      if (act.conversationId !== conversationId || change.kind !== "edit") return [];
      return [{ key: id, text: change.text, problem, discard: () => acts.drop(act) }];
    }),
    ...Object.entries(draft.begun ?? {}).map(([target, text]) => {
      return { key: `begun-${target}`, text, problem: undefined, discard: () => drafts.discardBegun(conversationId, target) };
    }),
    { key: "edit", text: draft.editing?.text ?? "", problem: draft.editing?.problem, discard: () => drafts.stopReference(conversationId) },
    { key: "draft", text: draft.text, problem: undefined, discard: () => drafts.discard(conversationId) },
  ].filter(({ text }) => text.trim() !== "");
  if (words.length === 0) return null;
  return (
    <section className="lost-words" aria-label={texts.lostWords.title}>
      <h2>{texts.lostWords.title}</h2>
      <p>{texts.lostWords.reason}</p>
      <ul>
        {words.map(({ key, text, problem, discard }) => (
          <li key={key}>
            <p className="lost-text" dir="auto">
              {text}
            </p>
            {problem !== undefined && <p className="field-note">{problem}</p>}
            <span className="form-actions">
              <button type="button" className="button" onClick={() => notices.copy(text)}>
                {texts.message.copy}
              </button>
              <button type="button" className="button danger-text" onClick={discard}>
                {texts.message.discard}
              </button>
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
