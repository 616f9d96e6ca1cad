import { useRef, useState } from "react";
import { Conversation } from "../client/types";
import { isArchived } from "../store/filters";
import { isToRead } from "../store/state";
import * as texts from "../texts";
import { ConversationMenu, useAttention, useLevel } from "./ConversationMenu";
import { Icon } from "./icons";

/** In the details of a conversation: what its menu in the list has. */
export function AttentionButtons({ conversation }: { conversation: Conversation }) {
  const { attention, act } = useAttention(conversation);
  const level = useLevel(conversation);
  const button = useRef<HTMLButtonElement>(null);
  const [isOpen, setOpen] = useState(false);
  const isPinned = conversation.me?.pinned === true;
  const isApart = isArchived(conversation);
  return (
    <div className="details-actions">
      <button ref={button} type="button" className="button" aria-haspopup="menu" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        <Icon name={level.value === "all" || level.value === "mentions" ? "bell" : "bellOff"} size={18} />
        {texts.attention.notifications}: {level.until ?? level.name}
      </button>
      {isOpen && <ConversationMenu conversation={conversation} anchor={button} isOnlyNotifications onClose={() => setOpen(false)} />}
      <button type="button" className="button" onClick={() => act({ pinned: !isPinned })}>
        <Icon name="pin" size={18} />
        {isPinned ? texts.attention.unpin : texts.attention.pin}
      </button>
      <button type="button" className="button" onClick={() => (isToRead(conversation) ? attention.read(conversation) : act({ markedUnread: true }))}>
        <Icon name={isToRead(conversation) ? "check" : "mail"} size={18} />
        {isToRead(conversation) ? texts.attention.markRead : texts.attention.markUnread}
      </button>
      <button type="button" className="button" onClick={() => act({ archived: !isApart })}>
        <Icon name="archive" size={18} />
        {isApart ? texts.attention.unarchive : texts.attention.archive}
      </button>
    </div>
  );
}
