import { RefObject, useState } from "react";
import { pathOf } from "../app/router";
import { Conversation, Message } from "../client/types";
import { isTouch } from "../lib/touch";
import { limits } from "../rules/limits";
import { deleteMessage, editMessage, react } from "../rules/permissions";
import * as texts from "../texts";
import { ConfirmDialog, Dialog, PromptDialog } from "./Dialog";
import { EmojiPicker } from "./lazyEmoji";
import { Icon } from "./icons";
import { MenuItem, Point, Popover } from "./Popover";
import { ReceiptsDialog } from "./ReceiptsDialog";
import { useStanding } from "./useStanding";
import { useManaging } from "./useManaging";
import { useWriters } from "./useWriters";

const quick = ["👍", "❤️", "😂", "😮", "😢", "🙏", "🎉"];

interface Props {
  message: Message;
  conversation: Conversation;
  isMine: boolean;
  anchor: RefObject<HTMLButtonElement>;
  at: Point | undefined;
  onClose(): void;
}

/** The menu of a message: reactions and actions. */
export function MessageActions({ message, conversation, isMine, anchor, at, onClose }: Props) {
  const { acts, drafts, notices } = useWriters();
  const manager = useManaging();
  const [asks, setAsks] = useState<"delete" | "report" | "react" | "receipts" | "select">();
  const standing = useStanding(conversation);

  // In a direct conversation the mark beside the time says the same.
  const hasReceipts = isMine && conversation.kind === "group" && conversation.memberCount > 1 && conversation.members.length >= conversation.memberCount;

  const act = (work: () => void) => () => {
    onClose();
    work();
  };
  const copy = (text: string) => act(() => notices.copy(text));
  const report = async (reason: string) => {
    await manager.report(message, reason);
    notices.show(texts.menu.reported);
  };
  const link = window.location.origin + pathOf({ view: "conversation", id: message.conversationId, seq: message.seq });

  if (asks === "delete") {
    return (
      <ConfirmDialog
        title={texts.menu.deleteQuestion}
        action={texts.menu.delete}
        onClose={onClose}
        onConfirm={() => acts.remove(message.conversationId, message.id)}
      />
    );
  }
  if (asks === "report") {
    return (
      <PromptDialog
        title={texts.menu.reportTitle}
        label={texts.menu.reportReason}
        action={texts.menu.reportSend}
        limit={limits.reason}
        onClose={onClose}
        onSubmit={(reason) => void notices.attempt(() => report(reason))}
      />
    );
  }
  if (asks === "receipts") return <ReceiptsDialog message={message} conversation={conversation} onClose={onClose} />;
  if (asks === "select") {
    return (
      <Dialog title={texts.menu.select} onClose={onClose}>
        <p className="selectable" dir="auto">
          {message.text}
        </p>
        <div className="dialog-actions">
          <button type="button" className="button" onClick={onClose}>
            {texts.close}
          </button>
        </div>
      </Dialog>
    );
  }
  if (asks === "react") {
    return <EmojiPicker anchor={anchor} onClose={onClose} onPick={(character) => act(() => acts.react(message, character))()} />;
  }
  return (
    <Popover anchor={anchor} at={at} label={texts.message.actions} onClose={onClose}>
      {react(standing, true) === undefined && (
        <div className="emoji-grid" role="group" aria-label={texts.menu.addReaction}>
          {quick.map((character) => (
            <button
              key={character}
              type="button"
              role="menuitem"
              aria-label={texts.message.reactWith(character)}
              onClick={act(() => acts.react(message, character))}
            >
              {character}
            </button>
          ))}
          <button type="button" role="menuitem" aria-label={texts.menu.moreReactions} title={texts.menu.moreReactions} onClick={() => setAsks("react")}>
            <Icon name="plus" />
          </button>
        </div>
      )}
      <MenuItem icon="reply" label={texts.message.reply} onSelect={act(() => drafts.reply(message))} />
      {message.text !== "" && <MenuItem icon="copy" label={texts.message.copy} onSelect={copy(message.text)} />}
      {isTouch && message.text !== "" && <MenuItem icon="list" label={texts.menu.select} onSelect={() => setAsks("select")} />}
      <MenuItem icon="link" label={texts.menu.copyLink} onSelect={copy(link)} />
      {hasReceipts && <MenuItem icon="checks" label={texts.receipts.show} onSelect={() => setAsks("receipts")} />}
      {editMessage(standing, isMine) === undefined && <MenuItem icon="edit" label={texts.message.edit} onSelect={act(() => drafts.edit(message))} />}
      {!isMine && <MenuItem icon="flag" label={texts.menu.report} onSelect={() => setAsks("report")} />}
      {deleteMessage(standing, isMine) === undefined && <MenuItem icon="trash" label={texts.menu.delete} onSelect={() => setAsks("delete")} isDanger />}
    </Popover>
  );
}
