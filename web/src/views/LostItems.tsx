import { useMemo } from "react";
import { Id } from "../client/types";
import * as texts from "../texts";
import { useStore } from "./context";
import { Link } from "./controls";

/** Conversations that the user is not in any more, where they have words that were not sent. */
export function LostItems({ selected }: { selected: Id | undefined }) {
  const pending = useStore((state) => state.pending);
  const drafts = useStore((state) => state.drafts);
  const acts = useStore((state) => state.acts);
  const titles = useStore((state) => state.titles);
  const conversations = useStore((state) => state.conversations);
  const lost = useMemo(() => {
    const words = [
      ...pending.map(({ conversationId, text }) => [conversationId, text] as const),
      ...Object.values(acts).flat().map(({ conversationId, change }) => [conversationId, change.kind === "edit" ? change.text : ""] as const),
      ...Object.entries(drafts).map(([id, { text, editing }]) => [id, text || (editing?.text ?? "")] as const),
    ];
    return new Map(words.filter(([id, text]) => text.trim() !== "" && conversations[id] === undefined));
  }, [pending, acts, drafts, conversations]);
  return (
    <>
      {Array.from(lost, ([id, text]) => (
        <li key={id}>
          <Link to={{ view: "conversation", id }} className="conversation-item" isCurrent={id === selected}>
            <span className="conversation-item-text">
              <bdi className="conversation-item-title">{titles[id]}</bdi>
              <span className="conversation-item-preview">
                <span className="is-draft">{texts.lostWords.preview}</span> <bdi>{text}</bdi>
              </span>
            </span>
          </Link>
        </li>
      ))}
    </>
  );
}
