import { RefObject, useState } from "react";
import { pathOf } from "../app/router";
import { Conversation, Message } from "../client/types";
import { memberOf } from "../store/state";
import { texts } from "../texts";
import { useChat, useStore } from "./context";
import { ConfirmDialog, PromptDialog } from "./Dialog";
import { EmojiPicker } from "./EmojiPicker";
import { Icon } from "./icons";
import { MenuItem, Popover } from "./Popover";

const quick = ["👍", "❤️", "😂", "😮", "😢", "🙏", "🎉"];

interface Props {
  message: Message;
  conversation: Conversation;
  isMine: boolean;
  anchor: RefObject<HTMLButtonElement>;
  onClose(): void;
}

/** The menu of a message: reactions, and what can be done with it. */
export function MessageActions({ message, conversation, isMine, anchor, onClose }: Props) {
  const chat = useChat();
  const meId = useStore((state) => state.me?.id);
  const [asks, setAsks] = useState<"delete" | "report" | "react">();
  const role = memberOf(conversation, meId)?.role;
  const canDelete = isMine || (conversation.kind === "group" && (role === "owner" || role === "admin"));

  const act = (work: () => void) => () => {
    onClose();
    work();
  };
  const copy = (text: string) =>
    act(() => {
      void chat.notices.attempt(async () => {
        await navigator.clipboard.writeText(text);
        chat.notices.show(texts.message.copied);
      });
    });
  const report = async (reason: string) => {
    await chat.messages.report(message, reason);
    chat.notices.show(texts.message.reported);
  };
  const link = window.location.origin + pathOf({ view: "conversation", id: message.conversationId, seq: message.seq });

  if (asks === "delete") {
    return (
      <ConfirmDialog
        title={texts.message.deleteQuestion}
        action={texts.message.delete}
        onClose={onClose}
        onConfirm={() => void chat.messages.remove(message)}
      />
    );
  }
  if (asks === "report") {
    return (
      <PromptDialog
        title={texts.message.reportTitle}
        label={texts.message.reportReason}
        action={texts.message.reportSend}
        onClose={onClose}
        onSubmit={(reason) => void chat.notices.attempt(() => report(reason))}
      />
    );
  }
  if (asks === "react") {
    return <EmojiPicker anchor={anchor} onClose={onClose} onPick={(character) => act(() => void chat.messages.react(message, character))()} />;
  }
  return (
    <Popover anchor={anchor} label={texts.message.actions} onClose={onClose}>
      <div className="emoji-grid" role="group" aria-label={texts.message.addReaction}>
        {quick.map((character) => (
          <button
            key={character}
            type="button"
            role="menuitem"
            aria-label={texts.message.reactWith(character)}
            onClick={act(() => void chat.messages.react(message, character))}
          >
            {character}
          </button>
        ))}
        <button type="button" role="menuitem" aria-label={texts.message.moreReactions} title={texts.message.moreReactions} onClick={() => setAsks("react")}>
          <Icon name="plus" />
        </button>
      </div>
      <MenuItem icon="reply" label={texts.message.reply} onSelect={act(() => chat.drafts.reply(message))} />
      {message.text !== "" && <MenuItem icon="copy" label={texts.message.copy} onSelect={copy(message.text)} />}
      <MenuItem icon="link" label={texts.message.copyLink} onSelect={copy(link)} />
      {isMine && <MenuItem icon="edit" label={texts.message.edit} onSelect={act(() => chat.drafts.edit(message))} />}
      {!isMine && <MenuItem icon="flag" label={texts.message.report} onSelect={() => setAsks("report")} />}
      {canDelete && <MenuItem icon="trash" label={texts.message.delete} onSelect={() => setAsks("delete")} isDanger />}
    </Popover>
  );
}
