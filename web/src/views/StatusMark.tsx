import { Conversation, Message } from "../client/types";
import { statusOf } from "../store/state";
import * as texts from "../texts";
import { useStore } from "./context";
import { Icon } from "./icons";

/** Whether the user's message was sent, delivered or read. */
export function StatusMark({ message, conversation }: { message: Message; conversation: Conversation }) {
  // Marks move all the time, and seldom change what a message shows of them.
  const status = useStore((state) => statusOf(message, state.conversations[conversation.id] ?? conversation));
  return (
    <span className={`status-mark is-${status}`}>
      <Icon name={status === "sent" ? "check" : "checks"} size={16} />
      <span className="visually-hidden">{texts.message[status]}</span>
    </span>
  );
}
