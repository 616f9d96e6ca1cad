import { Suspense, useCallback, useRef, useState } from "react";
import { Conversation, Message } from "../client/types";
import * as texts from "../texts";
import { useChat } from "./context";
import { IconButton } from "./controls";
import { MessageActions } from "./lazy";

interface Props {
  message: Message;
  conversation: Conversation;
  isMine: boolean;
}

/** The buttons next to a message. They appear on hover and on focus. */
export function MessageMenu({ message, conversation, isMine }: Props) {
  const { drafts } = useChat();
  const button = useRef<HTMLButtonElement>(null);
  const [isOpen, setOpen] = useState(false);
  const close = useCallback(() => setOpen(false), []);
  return (
    <div className={`message-menu ${isOpen ? "is-open" : ""}`}>
      <IconButton icon="reply" label={texts.message.reply} onClick={() => drafts.reply(message)} />
      <IconButton
        ref={button}
        icon="smile"
        label={texts.message.actions}
        aria-haspopup="menu"
        aria-expanded={isOpen}
        onClick={() => setOpen(!isOpen)}
      />
      {isOpen && (
        <Suspense fallback={null}>
          <MessageActions message={message} conversation={conversation} isMine={isMine} anchor={button} onClose={close} />
        </Suspense>
      )}
    </div>
  );
}
