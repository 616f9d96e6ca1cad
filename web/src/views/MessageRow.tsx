import { memo, Suspense, useMemo, useState } from "react";
import { Conversation } from "../client/types";
import { clockTime, dayLabel, fullTime } from "../texts/time";
import { isEmojiOnly } from "../lib/format";
import { Act } from "../store/act";
import { afterActs, textAfter } from "../store/acts";
import { Row } from "../store/rows";
import { isFromBlocked, memberOf } from "../store/state";
import * as texts from "../texts";
import { Attachments } from "./Attachments";
import { Avatar } from "./Avatar";
import { useStore } from "./context";
import { FailedMessage, PendingAttachments, PendingMenu, RefusedEdit } from "./lazy";
import { MessageMenu } from "./MessageMenu";
import { MessageText } from "./MessageText";
import { PendingState, Waiting } from "./PendingState";
import { Quotation } from "./Quotation";
import { Reactions } from "./Reactions";
import { StatusMark } from "./StatusMark";
import { useLongPress } from "./useLongPress";

interface Props {
  row: Row;
  conversation: Conversation;
  isHighlighted: boolean;
  onShowQuoted(seq: number): void;
}

/** A message, with the line above it that marks a new day or the first unread message. */
export const MessageRow = memo(function MessageRow({ row: stored, conversation, isHighlighted, onShowQuoted }: Props) {
  const meId = useStore((state) => state.me?.id);
  const acts = useStore((state) => state.acts[stored.message?.id ?? stored.pending?.clientId ?? ""]);
  const row = useMemo(() => {
    const { message, pending } = stored;
    if (acts === undefined) return stored;
    if (message !== undefined) return { ...stored, message: afterActs(message, acts, meId ?? "") };
    return pending === undefined ? stored : { ...stored, pending: { ...pending, text: textAfter(pending.text, acts) } };
  }, [stored, acts, meId]);
  const isMine = row.senderId === meId;
  // Dates are shown by the local calendar: at midnight, and in another time zone, they read differently.
  useStore((state) => state.today);
  const showsSender = conversation.kind === "group" && !isMine;
  const isFromBlockedPerson = useStore((state) => isFromBlocked(state, conversation, row.senderId));
  const [isUnfolded, setUnfolded] = useState(false);
  const isFolded = isFromBlockedPerson && !isUnfolded;
  const longPress = useLongPress(openMenu);
  const classes = [
    "message",
    isMine ? "is-mine" : "is-theirs",
    row.isFirst ? "is-first" : "",
    row.isLast ? "is-last" : "",
    isHighlighted ? "is-highlighted" : "",
  ].join(" ");
  return (
    <div className="row">
      {row.isDayStart && (
        <div className="day">
          <span>{dayLabel(row.createdAt)}</span>
        </div>
      )}
      {row.isUnreadStart && (
        <div className="unread-line">
          <span>{texts.conversation.newMessages}</span>
        </div>
      )}
      <article className={classes} aria-label={senderName(row, conversation, isMine)} {...longPress}>
        {showsSender && <span className="message-avatar">{row.isLast && <SenderAvatar row={row} conversation={conversation} />}</span>}
        {isFolded ? (
          <p className="bubble folded">
            {texts.block.message} ·{" "}
            <button type="button" onClick={() => setUnfolded(true)}>
              {texts.block.show}
            </button>
          </p>
        ) : (
          <Bubble row={row} conversation={conversation} isMine={isMine} showsSender={showsSender} onShowQuoted={onShowQuoted} acts={acts} />
        )}
        {row.message !== undefined && row.message.deletedAt === undefined && !isFolded && (
          <MessageMenu message={row.message} conversation={conversation} isMine={isMine} />
        )}
        {row.pending !== undefined && acts === undefined && (
          <Suspense fallback={null}>
            <PendingMenu pending={row.pending} />
          </Suspense>
        )}
      </article>
    </div>
  );
});

/** Opens the menu of a message, or edits one that is not sent. On a touch screen its button is for screen readers only. */
function openMenu(message: HTMLElement): void {
  message.querySelector<HTMLElement>("[aria-haspopup=menu], .pending-edit")?.click();
}

function senderName(row: Row, conversation: Conversation, isMine: boolean): string {
  if (isMine) return texts.you;
  return row.message?.sender.displayName ?? memberOf(conversation, row.senderId)?.user.displayName ?? "";
}

function SenderAvatar({ row, conversation }: { row: Row; conversation: Conversation }) {
  const known = useStore((state) => memberOf(conversation, row.senderId)?.user ?? state.people[row.senderId]);
  const user = known ?? row.message?.sender;
  return user === undefined ? null : <Avatar user={user} size="tiny" />;
}

interface BubbleProps {
  row: Row;
  conversation: Conversation;
  isMine: boolean;
  showsSender: boolean;
  acts: readonly Act[] | undefined;
  onShowQuoted(seq: number): void;
}

function Bubble({ row, conversation, isMine, showsSender, acts, onShowQuoted }: BubbleProps) {
  const { message, pending } = row;
  const text = message?.text ?? pending?.text ?? "";
  const replyTo = message?.replyTo ?? pending?.replyTo;
  const isWaiting = acts?.some(({ problem }) => problem === undefined) === true;
  const refused = acts?.find(({ problem }) => problem !== undefined);
  const isDeleted = message?.deletedAt !== undefined || acts?.some(({ change }) => change.kind === "delete") === true;
  const attachments = message?.attachments ?? [];
  const showsName = showsSender && row.isFirst;
  const isPictureOnly =
    text === "" && replyTo === undefined && !showsName && attachments.length > 0 && attachments.every(({ kind }) => kind === "image");
  const isLarge = !isDeleted && attachments.length === 0 && replyTo === undefined && isEmojiOnly(text);
  const classes = ["bubble", isDeleted ? "is-deleted" : "", isPictureOnly ? "is-picture" : "", isLarge ? "is-large" : ""].join(" ");
  return (
    <div className="bubble-column">
      <div className={classes}>
        {showsName && !isLarge && <bdi className="sender">{message?.sender.displayName}</bdi>}
        {replyTo !== undefined && !isDeleted && <Quotation id={replyTo} conversation={conversation} onShow={onShowQuoted} />}
        {message !== undefined && <Attachments message={message} />}
        {pending !== undefined && pending.uploads.length > 0 && (
          <Suspense fallback={null}>
            <PendingAttachments ids={pending.uploads} />
          </Suspense>
        )}
        {/* The script of the text decides on which side it begins. */}
        <div className="bubble-text" dir="auto">
          {isDeleted ? <p className="message-text">{texts.message.deleted}</p> : text !== "" && <MessageText text={text} />}
          <span className="meta" dir="ltr">
            {message?.editedAt !== undefined && !isDeleted && <span>{texts.message.edited}</span>}
            <time dateTime={row.createdAt} title={fullTime(row.createdAt)}>
              {clockTime(row.createdAt)}
            </time>
            {isWaiting && <Waiting label={texts.message.saving} />}
            {isMine && message !== undefined && !isDeleted && !isWaiting && <StatusMark message={message} conversation={conversation} />}
            {pending !== undefined && pending.state !== "failed" && <PendingState pending={pending} />}
          </span>
        </div>
      </div>
      {message !== undefined && !isDeleted && <Reactions message={message} conversation={conversation} />}
      <Suspense fallback={null}>
        {pending?.state === "failed" && <FailedMessage pending={pending} />}
        {refused !== undefined && <RefusedEdit act={refused} />}
      </Suspense>
    </div>
  );
}
