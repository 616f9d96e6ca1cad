import { CSSProperties, memo, MouseEvent, useMemo, useState } from "react";
import { Conversation, GroupNotice } from "../client/types";
import { clockTime, dayLabel, fullTime } from "../texts/time";
import { isEmojiOnly, stableIndex } from "../lib/format";
import { Act } from "../store/act";
import { afterActs, textAfter } from "../store/acts";
import { Row } from "../store/rows";
import { pendingUploads } from "../store/shown";
import { isFromBlocked, isMentioning, memberOf, PendingMessage, UploadTask } from "../store/state";
import * as texts from "../texts";
import { Attachments, mediaWidth } from "./Attachments";
import { Avatar } from "./Avatar";
import { Extra } from "./Chunk";
import { useStore } from "./context";
import { FailedMessage, PendingMenu, RefusedEdit } from "./lazy";
import { GroupNotices } from "./GroupNotices";
import { LinkCard } from "./LinkCard";
import { MessageMenu } from "./MessageMenu";
import { MessageText } from "./MessageText";
import type { Point } from "./Popover";
import { PendingState, Waiting } from "./PendingState";
import { Quotation } from "./Quotation";
import { Reactions } from "./Reactions";
import { StatusMark } from "./StatusMark";
import { useLongPress } from "./useLongPress";
import { useMentions } from "./useMentions";

/** As many as the style sheet has. */
const nameColors = 8;

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
  const [open, setOpen] = useState<true | Point>();
  const hasMenu = row.message !== undefined && row.message.deletedAt === undefined && !isFolded;
  const onContextMenu = (event: MouseEvent<HTMLElement>) => {
    longPress.onContextMenu(event);
    // What the browser's own menu is for keeps it: links, pictures, fields, and what is selected.
    const isOwn = event.target instanceof Element && event.target.closest("a, img, video, audio, input, .popover, dialog") !== null;
    if (!hasMenu || event.defaultPrevented || isOwn || String(window.getSelection()) !== "") return;
    event.preventDefault();
    setOpen({ x: event.clientX, y: event.clientY });
  };
  const classes = [
    "message",
    isMine ? "is-mine" : "is-theirs",
    row.isFirst ? "is-first" : "",
    row.isLast ? "is-last" : "",
    isHighlighted ? "is-highlighted" : "",
    row.message !== undefined && isMentioning(row.message, meId) ? "is-mentioning" : "",
  ].join(" ");
  const isEarlier = ({ at }: GroupNotice) => row.isDayStart && new Date(at).toDateString() !== new Date(row.createdAt).toDateString();
  return (
    <div className="row">
      <GroupNotices notices={row.above.filter(isEarlier)} day={row.createdAt} />
      {row.isDayStart && (
        <div className="day">
          <span>{dayLabel(row.createdAt)}</span>
        </div>
      )}
      <GroupNotices notices={row.above.filter((notice) => !isEarlier(notice))} day={row.createdAt} />
      {row.isUnreadStart && (
        <div className="unread-line">
          <span>{texts.conversation.newMessages}</span>
        </div>
      )}
      <article className={classes} aria-label={senderName(row, conversation, isMine)} {...longPress} onContextMenu={onContextMenu}>
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
        {row.message !== undefined && hasMenu && (
          <MessageMenu message={row.message} conversation={conversation} isMine={isMine} open={open} onOpen={setOpen} />
        )}
        {row.pending !== undefined && acts === undefined && (
          <Extra>
            <PendingMenu pending={row.pending} />
          </Extra>
        )}
      </article>
      <GroupNotices notices={row.below} day={row.createdAt} />
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

const none: Readonly<Record<string, UploadTask>> = {};

function Bubble({ row, conversation, isMine, showsSender, acts, onShowQuoted }: BubbleProps) {
  const { message, pending } = row;
  const me = useStore((state) => state.me);
  const text = message?.text ?? pending?.text ?? "";
  const replyTo = message?.replyTo ?? pending?.replyTo;
  const mentions = useMentions(message, pending, conversation);
  const isWaiting = acts?.some(({ problem }) => problem === undefined) === true;
  const refused = acts?.find(({ problem }) => problem !== undefined);
  const isDeleted = message?.deletedAt !== undefined || acts?.some(({ change }) => change.kind === "delete") === true;
  // Only a message that is not sent shows what is on its way.
  const uploads = useStore((state) => (pending === undefined ? none : state.uploads));
  const attachments = message?.attachments ?? pendingUploads({ uploads, me }, pending?.uploads ?? []);
  const hasPicture = attachments.some(({ kind }) => kind === "image" || kind === "video");
  const showsName = showsSender && row.isFirst;
  const isPictureOnly =
    text === "" && replyTo === undefined && !showsName && attachments.length > 0 && attachments.every(({ kind }) => kind === "image" || kind === "video");
  const isLarge = !isDeleted && attachments.length === 0 && replyTo === undefined && isEmojiOnly(text);
  const classes = ["bubble", isDeleted ? "is-deleted" : "", hasPicture ? "has-picture" : "", isPictureOnly ? "is-picture" : "", isLarge ? "is-large" : ""].join(" ");
  const card = isDeleted ? undefined : message?.card;
  return (
    <div className="bubble-column">
      <div className={classes} style={hasPicture ? ({ "--media": `${mediaWidth(attachments)}px` } as CSSProperties) : undefined}>
        {showsName && !isLarge && (
          <bdi className="sender" style={{ color: `var(--name-${stableIndex(row.senderId, nameColors)})` }}>
            {message?.sender.displayName}
          </bdi>
        )}
        {replyTo !== undefined && !isDeleted && <Quotation id={replyTo} conversation={conversation} onShow={onShowQuoted} />}
        <Attachments uploads={attachments} message={message} tasks={pending === undefined ? undefined : tasksOf(uploads, pending)} />
        {/* The script of the text decides on which side it begins. */}
        <div className="bubble-text" dir="auto">
          {isDeleted ? <p className="message-text">{texts.message.deleted}</p> : text !== "" && <MessageText text={text} mentions={mentions} />}
          <span className="meta" dir="ltr">
            {/* Not shown, but "line 2" at 4:53 must not read as "line 24:53" where the page is read as text. */}
            {" "}
            {message?.editedAt !== undefined && !isDeleted && <span>{texts.message.edited}</span>}
            <time dateTime={row.createdAt} title={fullTime(row.createdAt)}>
              {clockTime(row.createdAt)}
            </time>
            {isWaiting && <Waiting label={texts.message.saving} />}
            {isMine && message !== undefined && !isDeleted && !isWaiting && <StatusMark message={message} conversation={conversation} />}
            {pending !== undefined && pending.state !== "failed" && <PendingState pending={pending} />}
          </span>
        </div>
        {message !== undefined && card !== undefined && <LinkCard key={card.url} message={message} card={card} isMine={isMine} />}
      </div>
      {message !== undefined && !isDeleted && message.reactions.length > 0 && <Reactions message={message} conversation={conversation} />}
      <Extra missing={<p className="failure">{texts.message.failed}</p>}>
        {pending?.state === "failed" && <FailedMessage pending={pending} />}
        {refused !== undefined && <RefusedEdit act={refused} />}
      </Extra>
    </div>
  );
}

/** The files of a message that are on their way, by the ids of what they are shown as. */
function tasksOf(uploads: Readonly<Record<string, UploadTask>>, pending: PendingMessage): Readonly<Record<string, UploadTask>> {
  const tasks = pending.uploads.flatMap((id) => uploads[id] ?? []);
  return Object.fromEntries(tasks.map((task) => [task.upload?.id ?? task.id, task]));
}
