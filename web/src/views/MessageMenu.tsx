import { useRef } from "react";
import { Conversation, Message } from "../client/types";
import { react } from "../rules/permissions";
import * as texts from "../texts";
import { Extra } from "./Chunk";
import { IconButton } from "./controls";
import { MessageActions } from "./lazy";
import type { Point } from "./Popover";
import { useStanding } from "./useStanding";
import { useWriters } from "./useWriters";

const quick = ["👍", "❤️", "😂"];

interface Props {
  message: Message;
  conversation: Conversation;
  isMine: boolean;
  /** Whether the menu is open: beside its button, or where the mouse asked for it. */
  open: true | Point | undefined;
  onOpen(open: true | undefined): void;
}

/** The bar over a message: reactions that are used most, an answer, and the menu. It appears on hover and on focus. */
export function MessageMenu({ message, conversation, isMine, open, onOpen }: Props) {
  const { acts, drafts } = useWriters();
  const button = useRef<HTMLButtonElement>(null);
  const standing = useStanding(conversation);
  return (
    <div className={`message-menu is-bar ${open === undefined ? "" : "is-open"}`}>
      {react(standing, true) === undefined &&
        quick.map((emoji) => (
          <button key={emoji} type="button" className="quick-reaction" aria-label={texts.message.reactWith(emoji)} title={texts.message.reactWith(emoji)} onClick={() => acts.react(message, emoji)}>
            {emoji}
          </button>
        ))}
      <IconButton icon="reply" label={texts.message.reply} onClick={() => drafts.reply(message)} />
      <IconButton
        ref={button}
        icon="more"
        label={texts.message.actions}
        aria-haspopup="menu"
        aria-expanded={open !== undefined}
        onClick={() => onOpen(open === undefined ? true : undefined)}
      />
      {open !== undefined && (
        <Extra>
          <MessageActions
            message={message}
            conversation={conversation}
            isMine={isMine}
            anchor={button}
            at={open === true ? undefined : open}
            onClose={() => onOpen(undefined)}
          />
        </Extra>
      )}
    </div>
  );
}
