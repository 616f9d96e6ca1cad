import { Conversation, Message } from "../client/types";
import { react } from "../rules/permissions";
import { memberOf } from "../store/state";
import * as texts from "../texts";
import { useChat, useStore } from "./context";
import { useStanding } from "./useStanding";

/** The reactions to a message. Pressing one adds or removes the user's own. */
export function Reactions({ message, conversation }: { message: Message; conversation: Conversation }) {
  const { acts } = useChat();
  const meId = useStore((state) => state.me?.id) ?? "";
  const standing = useStanding(conversation);
  if (message.reactions.length === 0) return null;
  const nameOf = (userId: string) =>
    userId === meId ? texts.you : memberOf(conversation, userId)?.user.displayName ?? "…";
  return (
    <div className="reactions">
      {message.reactions.map(({ emoji, userIds }) => {
        const label = texts.message.reaction(emoji, userIds.slice(0, 20).map(nameOf).join(", "));
        return (
          <button
            key={emoji}
            type="button"
            className="reaction"
            aria-pressed={userIds.includes(meId)}
            disabled={react(standing, !userIds.includes(meId)) !== undefined}
            aria-label={label}
            title={label}
            onClick={() => acts.react(message, emoji)}
          >
            <span aria-hidden="true">{emoji}</span>
            {userIds.length > 1 && <span aria-hidden="true">{userIds.length}</span>}
          </button>
        );
      })}
    </div>
  );
}
