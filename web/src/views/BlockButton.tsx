import { User } from "../client/types";
import * as texts from "../texts";
import { useChat, useStore } from "./context";

/** Blocks or unblocks a person. */
export function BlockButton({ user }: { user: Pick<User, "id" | "displayName"> }) {
  const chat = useChat();
  const isBlocked = useStore((state) => state.blocked[user.id] === true);
  return (
    <button
      type="button"
      className={`button ${isBlocked ? "" : "danger-text"}`}
      onClick={() => void chat.notices.attempt(() => chat.people.block(user.id, !isBlocked))}
    >
      {isBlocked ? texts.block.unblock : texts.block.block(user.displayName)}
    </button>
  );
}
