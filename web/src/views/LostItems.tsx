import { Id } from "../client/types";
import { titleOf } from "../store/state";
import * as texts from "../texts";
import { useStore } from "./context";
import { Link } from "./controls";

/** Conversations that are not in the user's list (any more), where they have words that were not sent. */
export function LostItems({ lost, selected }: { lost: ReadonlyMap<Id, string>; selected: Id | undefined }) {
  const titles = useStore((state) => state.titles);
  const conversations = useStore((state) => state.conversations);
  const meId = useStore((state) => state.me?.id);
  const title = (id: Id) => {
    const conversation = conversations[id];
    return conversation === undefined ? titles[id] : titleOf(conversation, meId);
  };
  return (
    <>
      {Array.from(lost, ([id, text]) => (
        <li key={id}>
          <Link to={{ view: "conversation", id }} className="conversation-item" isCurrent={id === selected}>
            <span className="conversation-item-text">
              <bdi className="conversation-item-title">{title(id)}</bdi>
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
