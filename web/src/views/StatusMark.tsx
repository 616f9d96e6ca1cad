import { Conversation, Message } from "../client/types";
import { statusOf } from "../store/state";
import * as texts from "../texts";
import { Icon } from "./icons";

/** Whether the user's message was sent, delivered or read. */
export function StatusMark({ message, conversation }: { message: Message; conversation: Conversation }) {
  const status = statusOf(message, conversation);
  return (
    <span className={`status-mark is-${status}`}>
      <Icon name={status === "sent" ? "check" : "checks"} size={16} />
      <span className="visually-hidden">{texts.message[status]}</span>
    </span>
  );
}
