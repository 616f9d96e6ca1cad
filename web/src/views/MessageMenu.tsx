import { useCallback, useRef, useState } from "react";
import { pathOf } from "../app/router";
import { Conversation, Message } from "../client/types";
import { memberOf } from "../store/state";
import { texts } from "../texts";
import { ConfirmDialog, PromptDialog } from "./Dialog";
import { useChat, useStore } from "./context";
import { IconButton } from "./controls";
import { Icon, IconName } from "./icons";
import { Popover } from "./Popover";

const quickEmoji = ["👍", "❤️", "😂", "😮", "😢", "🙏"];
const moreEmoji = ["🎉", "🔥", "👏", "💯", "✅", "❌", "👀", "🤔", "😍", "😊", "😅", "😎", "🙌", "💪", "🤝", "☕", "🚀", "👎"];

interface Props {
  message: Message;
  conversation: Conversation;
  isMine: boolean;
}

/** What can be done with a message: shown on hover and focus, and on touch by its own button. */
export function MessageMenu({ message, conversation, isMine }: Props) {
  const chat = useChat();
  const meId = useStore((state) => state.me?.id);
  const button = useRef<HTMLButtonElement>(null);
  const [open, setOpen] = useState<"menu" | "delete" | "report">();
  const close = useCallback(() => setOpen(undefined), []);
  const role = memberOf(conversation, meId)?.role;
  const canDelete = isMine || (conversation.kind === "group" && (role === "owner" || role === "admin"));

  const act = (work: () => void) => () => {
    close();
    work();
  };
  const copy = (text: string) => {
    void chat.attempt(async () => {
      await navigator.clipboard.writeText(text);
      chat.notice(texts.message.copied);
    });
  };
  const link = window.location.origin + pathOf({ view: "conversation", id: message.conversationId, seq: message.seq });

  return (
    <div className={`message-menu ${open === "menu" ? "is-open" : ""}`}>
      <IconButton icon="reply" label={texts.message.reply} onClick={() => chat.composing.reply(message)} />
      <IconButton
        ref={button}
        icon="smile"
        label={texts.message.actions}
        aria-haspopup="menu"
        aria-expanded={open === "menu"}
        onClick={() => setOpen(open === "menu" ? undefined : "menu")}
      />
      {open === "menu" && (
        <Popover anchor={button} label={texts.message.actions} onClose={close}>
          <EmojiGrid emoji={[...quickEmoji, ...moreEmoji]} onPick={(emoji) => act(() => void chat.composing.react(message, emoji))()} />
          <Item icon="reply" label={texts.message.reply} onSelect={act(() => chat.composing.reply(message))} />
          {message.text !== "" && <Item icon="copy" label={texts.message.copy} onSelect={act(() => copy(message.text))} />}
          <Item icon="link" label={texts.message.copyLink} onSelect={act(() => copy(link))} />
          {isMine && <Item icon="edit" label={texts.message.edit} onSelect={act(() => chat.composing.edit(message))} />}
          {!isMine && <Item icon="flag" label={texts.message.report} onSelect={() => setOpen("report")} />}
          {canDelete && <Item icon="trash" label={texts.message.delete} onSelect={() => setOpen("delete")} isDanger />}
        </Popover>
      )}
      {open === "delete" && (
        <ConfirmDialog
          title={texts.message.deleteQuestion}
          action={texts.message.delete}
          onClose={close}
          onConfirm={() => void chat.composing.remove(message)}
        />
      )}
      {open === "report" && (
        <PromptDialog
          title={texts.message.reportTitle}
          label={texts.message.reportReason}
          action={texts.message.reportSend}
          onClose={close}
          onSubmit={(reason) =>
            void chat.attempt(async () => {
              await chat.parley.report(message.id, reason);
              chat.notice(texts.message.reported);
            })
          }
        />
      )}
    </div>
  );
}

function EmojiGrid({ emoji, onPick }: { emoji: readonly string[]; onPick(emoji: string): void }) {
  return (
    <div className="emoji-grid" role="group" aria-label={texts.message.addReaction}>
      {emoji.map((character) => (
        <button key={character} type="button" role="menuitem" aria-label={texts.message.reactWith(character)} onClick={() => onPick(character)}>
          {character}
        </button>
      ))}
    </div>
  );
}

interface ItemProps {
  icon: IconName;
  label: string;
  onSelect(): void;
  isDanger?: boolean;
}

function Item({ icon, label, onSelect, isDanger = false }: ItemProps) {
  return (
    <button type="button" role="menuitem" className={`menu-item ${isDanger ? "is-danger" : ""}`} onClick={onSelect}>
      <Icon name={icon} size={18} />
      {label}
    </button>
  );
}
