import { RefObject, useEffect, useState } from "react";
import { pathOf } from "../app/router";
import { Conversation, Message } from "../client/types";
import { limits } from "../rules/limits";
import { deleteMessage, editMessage, react } from "../rules/permissions";
import * as texts from "../texts";
import { useChat } from "./context";
import { ConfirmDialog, PromptDialog } from "./Dialog";
import { EmojiPicker } from "./EmojiPicker";
import { Icon } from "./icons";
import { MenuItem, Popover } from "./Popover";
import { useStanding } from "./useStanding";

const quick = ["👍", "❤️", "😂", "😮", "😢", "🙏", "🎉"];

interface Props {
  message: Message;
  conversation: Conversation;
  isMine: boolean;
  anchor: RefObject<HTMLButtonElement>;
  onClose(): void;
}

/** The menu of a message: reactions and actions. */
export function MessageActions({ message, conversation, isMine, anchor, onClose }: Props) {
  const chat = useChat();
  const [asks, setAsks] = useState<"delete" | "report" | "react">();
  const standing = useStanding(conversation);
  useEffect(() => void chat.conversations.findOwnRole(conversation.id), [chat, conversation.id]);

  const act = (work: () => void) => () => {
    onClose();
    work();
  };
  const copy = (text: string) => act(() => chat.notices.copy(text));
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
        onConfirm={() => chat.acts.remove(message.conversationId, message.id)}
      />
    );
  }
  if (asks === "report") {
    return (
      <PromptDialog
        title={texts.message.reportTitle}
        label={texts.message.reportReason}
        action={texts.message.reportSend}
        limit={limits.reason}
        onClose={onClose}
        onSubmit={(reason) => void chat.notices.attempt(() => report(reason))}
      />
    );
  }
  if (asks === "react") {
    return <EmojiPicker anchor={anchor} onClose={onClose} onPick={(character) => act(() => chat.acts.react(message, character))()} />;
  }
  return (
    <Popover anchor={anchor} label={texts.message.actions} onClose={onClose}>
      {react(standing, true) === undefined && (
        <div className="emoji-grid" role="group" aria-label={texts.message.addReaction}>
          {quick.map((character) => (
            <button
              key={character}
              type="button"
              role="menuitem"
              aria-label={texts.message.reactWith(character)}
              onClick={act(() => chat.acts.react(message, character))}
            >
              {character}
            </button>
          ))}
          <button type="button" role="menuitem" aria-label={texts.message.moreReactions} title={texts.message.moreReactions} onClick={() => setAsks("react")}>
            <Icon name="plus" />
          </button>
        </div>
      )}
      <MenuItem icon="reply" label={texts.message.reply} onSelect={act(() => chat.drafts.reply(message))} />
      {message.text !== "" && <MenuItem icon="copy" label={texts.message.copy} onSelect={copy(message.text)} />}
      <MenuItem icon="link" label={texts.message.copyLink} onSelect={copy(link)} />
      {editMessage(standing, isMine) === undefined && <MenuItem icon="edit" label={texts.message.edit} onSelect={act(() => chat.drafts.edit(message))} />}
      {!isMine && <MenuItem icon="flag" label={texts.message.report} onSelect={() => setAsks("report")} />}
      {deleteMessage(standing, isMine) === undefined && <MenuItem icon="trash" label={texts.message.delete} onSelect={() => setAsks("delete")} isDanger />}
    </Popover>
  );
}
