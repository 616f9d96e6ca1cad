import { memo } from "react";
import { Conversation } from "../client/types";
import { shortTime } from "../texts/time";
import { activity, isFromBlocked, isToRead, mentionsIn, partner, titleOf, unreadIn, wanted } from "../store/state";
import * as texts from "../texts";
import { messageSummary } from "../texts/summary";
import { ConversationAvatar } from "./Avatar";
import { useStore } from "./context";
import { Link } from "./controls";
import { Icon, IconName } from "./icons";
import { Quiet, Status } from "./Status";
import { StatusMark } from "./StatusMark";

/** One entry of the conversation list. */
export const ConversationItem = memo(function ConversationItem(props: { conversation: Conversation; isSelected: boolean }) {
  const { conversation, isSelected } = props;
  const meId = useStore((state) => state.me?.id);
  useStore((state) => state.today);
  const title = titleOf(conversation, meId);
  const unreadCount = unreadIn(conversation);
  const mentions = mentionsIn(conversation);
  const tells = useStore((state) => wanted(conversation, state.now));
  // A mention that is to be told makes only the other number quiet.
  const quiet = (isTold: boolean) => (isTold ? "badge" : "badge is-quiet");
  const other = partner(conversation, meId);
  const isOnline = useStore((state) => other !== undefined && state.online[other.id] === true);
  return (
    <Link
      to={{ view: "conversation", id: conversation.id }}
      className={`conversation-item ${isToRead(conversation) ? "is-unread" : ""} ${tells === "none" ? "is-muted" : ""}`}
      isCurrent={isSelected}
    >
      <ConversationAvatar conversation={conversation} />
      <span className="conversation-item-text">
        <span className="conversation-item-line">
          <bdi className="conversation-item-title">{title}</bdi>
          {other !== undefined && <Status user={other} />}
          {isOnline && <span className="visually-hidden">{texts.conversation.online}</span>}
          {other !== undefined && (
            <span className="visually-hidden">
              <Quiet user={other} />
            </span>
          )}
          {conversation.me?.pinned === true && <Sign icon="pin" label={texts.sidebar.pinned} />}
          {tells === "none" && <Sign icon="bellOff" label={texts.sidebar.muted} />}
          {/* Not shown: keeps a name and the time apart in the page's text. */}
          {" "}
          <time dateTime={activity(conversation)}>{shortTime(activity(conversation))}</time>
        </span>
        <span className="conversation-item-line">
          <Preview conversation={conversation} isSelected={isSelected} />
          {mentions > 0 && (
            <span className={quiet(tells !== "none")}>
              <span aria-hidden="true">@{mentions > 1 && (mentions > 99 ? "99+" : mentions)}</span>
              <span className="visually-hidden">{texts.sidebar.mentions(mentions)}</span>
            </span>
          )}
          {unreadCount > 0 && (
            <span className={quiet(tells === "all")}>
              <span aria-hidden="true">{unreadCount > 999 ? "999+" : unreadCount}</span>
              <span className="visually-hidden">{texts.sidebar.unread(unreadCount)}</span>
            </span>
          )}
          {unreadCount === 0 && isToRead(conversation) && (
            <span className={`${quiet(tells !== "none")} is-dot`}>
              <span className="visually-hidden">{texts.sidebar.markedUnread}</span>
            </span>
          )}
        </span>
      </span>
    </Link>
  );
});

function Sign({ icon, label }: { icon: IconName; label: string }) {
  return (
    <span className="conversation-item-sign">
      <Icon name={icon} size={15} />
      <span className="visually-hidden">{label}</span>
    </span>
  );
}

function Preview({ conversation, isSelected }: { conversation: Conversation; isSelected: boolean }) {
  const meId = useStore((state) => state.me?.id);
  // The draft of the selected conversation is already visible in the composer.
  const draft = useStore((state) => (isSelected ? "" : state.drafts[conversation.id]?.text ?? ""));
  const typist = useStore((state) => Object.values(state.typing[conversation.id] ?? {})[0]);
  const message = conversation.lastMessage;
  const isFolded = useStore((state) => isFromBlocked(state, conversation, message?.sender.id));
  if (conversation.invitation !== undefined) {
    return <span className="conversation-item-preview is-draft">{texts.invitation.preview(conversation.invitation.by.displayName)}</span>;
  }
  if (typist !== undefined) {
    const name = conversation.kind === "group" ? typist.user?.displayName : undefined;
    return <span className="conversation-item-preview is-typing">{name === undefined ? texts.sidebar.typing : texts.conversation.isTyping([name])}</span>;
  }
  if (draft.trim() !== "") {
    return (
      <span className="conversation-item-preview">
        <span className="is-draft">{texts.sidebar.draft}</span> <bdi>{draft}</bdi>
      </span>
    );
  }
  if (message === undefined) return <span className="conversation-item-preview">{texts.sidebar.noMessages}</span>;
  if (isFolded) return <span className="conversation-item-preview">{texts.block.message}</span>;
  const isMine = message.sender.id === meId;
  return (
    <span className="conversation-item-preview">
      {isMine && <StatusMark message={message} conversation={conversation} />}
      {conversation.kind === "group" && `${isMine ? texts.you : message.sender.displayName}: `}
      <bdi>{messageSummary(message)}</bdi>
    </span>
  );
}
