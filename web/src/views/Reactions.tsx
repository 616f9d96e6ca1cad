import { useEffect } from "react";
import { Conversation, Message } from "../client/types";
import { react } from "../rules/permissions";
import { nameOf } from "../store/state";
import * as texts from "../texts";
import { useChat, useStore } from "./context";
import { useStanding } from "./useStanding";
import { useWriters } from "./useWriters";

/** So many people are named for each emoji. */
const mostNamed = 20;

/** The reactions to a message. Pressing one adds or removes the user's own. */
export function Reactions({ message, conversation }: { message: Message; conversation: Conversation }) {
  const chat = useChat();
  const { acts, store } = useWriters();
  const meId = useStore((state) => state.me?.id) ?? "";
  const standing = useStanding(conversation);
  useStore((state) => state.people);
  const known = (userId: string) => (userId === meId ? texts.you : nameOf(store.state, conversation, userId));
  useEffect(() => {
    const named = message.reactions.flatMap(({ userIds }) => userIds.slice(0, mostNamed));
    void chat.resolve(named.filter((userId) => known(userId) === undefined));
  });
  return (
    <div className="reactions">
      {message.reactions.map(({ emoji, userIds }) => {
        const label = texts.message.reaction(emoji, userIds.slice(0, mostNamed).map((userId) => known(userId) ?? "…").join(", "));
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
