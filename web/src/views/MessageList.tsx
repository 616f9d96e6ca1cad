import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { Conversation, GroupNotice, Id } from "../client/types";
import { Row, RowBuilder } from "../store/rows";
import { foldedNotices } from "../store/notices";
import { readSeqOf } from "../store/counts";
import { isFromBlocked, partner } from "../store/state";
import { emptyTimeline, findBySeq, firstSeq, lastSeq, Timeline } from "../store/timeline";
import * as texts from "../texts";
import { messageSummary } from "../texts/summary";
import { useChat, useFrame, useStore } from "./context";
import { Empty, Spinner } from "./controls";
import { GroupNotices, NoticeText } from "./GroupNotices";
import { Icon } from "./icons";
import { MessageRow } from "./MessageRow";
import { estimateHeight } from "./estimate";
import { useWriters } from "./useWriters";
import { VirtualList, VirtualListHandle } from "./VirtualList";

/** A group without messages shows this many of its last notices. */
const mostAtStart = 3;

/** So many lines of what happened stay in what a screen reader reads. */
const mostAnnounced = 5;

/** The messages of a conversation. `seq` is the message that the address names. */
export function MessageList({ conversation, seq }: { conversation: Conversation; seq: number | undefined }) {
  const chat = useChat();
  const { id } = conversation;
  const meId = useStore((state) => state.me?.id) ?? "";
  const timeline = useStore((state) => state.timelines[id]) ?? emptyTimeline;
  const allPending = useStore((state) => state.pending);
  const list = useRef<VirtualListHandle>(null);
  const [isAtBottom, setAtBottom] = useState(false);
  const [highlighted, setHighlighted] = useState<number>();
  const isAtEnd = timeline.isLoaded && lastSeq(timeline) >= conversation.lastSeq;
  const unreadSeq = useUnreadStart(conversation, timeline.isLoaded);
  const notices = useGroupNotices(conversation, timeline, isAtEnd);
  const pending = useMemo(() => allPending.filter((message) => message.conversationId === id), [allPending, id]);
  const today = useStore((state) => state.today);
  const [builder] = useState(() => new RowBuilder());
  const rows = useMemo(
    () => builder.build(timeline.messages, isAtEnd ? pending : [], meId, unreadSeq, today, notices),
    [builder, timeline.messages, isAtEnd, pending, meId, unreadSeq, today, notices],
  );

  // The list begins at the message of the address, or at the first unread one.
  const keyOfSeq = useCallback((wanted: number) => rows.find((row) => row.message?.seq === wanted)?.key, [rows]);
  // This runs before the list reports its position, so a message that was never in view does not count as read.
  const placed = useRef<string>();
  useLayoutEffect(() => {
    const wanted = seq ?? unreadSeq;
    const place = `${seq ?? ""}/${unreadSeq ?? ""}`;
    if (!timeline.isLoaded || wanted === undefined || placed.current === place) return;
    const key = keyOfSeq(wanted);
    // Wait for the message of the address. An unread one that comes with an older page must not move the reader.
    if (key === undefined && seq !== undefined) return;
    placed.current = place;
    // The user has written something, and so is at the end.
    if (seq === undefined && pending.length > 0) return;
    if (key !== undefined) list.current?.scrollToRow(key);
    if (seq !== undefined) setHighlighted(seq);
  }, [seq, unreadSeq, timeline.isLoaded, keyOfSeq, pending.length]);

  useEffect(() => {
    if (highlighted === undefined) return undefined;
    const timer = setTimeout(() => setHighlighted(undefined), 2_500);
    return () => clearTimeout(timer);
  }, [highlighted]);

  // A message that the user sends is always scrolled into view.
  const pendingCount = useRef(pending.length);
  useEffect(() => {
    if (pending.length > pendingCount.current) void jumpToNewest();
    pendingCount.current = pending.length;
  });

  const markSeen = useReadMarks(id);
  const onPlace = (isNowAtBottom: boolean, last: Row) => {
    setAtBottom(isNowAtBottom);
    // A message that is not sent yet comes after all others.
    const seq = last.message?.seq ?? lastSeq(timeline);
    if (seq > 0) markSeen(seq);
  };

  const jumpToNewest = async () => {
    if (!isAtEnd) await chat.reading.loadNewest(id);
    list.current?.scrollToBottom();
  };
  const showQuoted = useCallback(
    (wanted: number) => {
      const { messages } = chat.store.state.timelines[id] ?? emptyTimeline;
      const show = () => {
        const message = findBySeq((chat.store.state.timelines[id] ?? emptyTimeline).messages, wanted);
        if (message === undefined) return;
        list.current?.scrollToRow(message.clientId === undefined ? message.id : `${message.sender.id}:${message.clientId}`);
        setHighlighted(wanted);
      };
      if (findBySeq(messages, wanted) !== undefined) show();
      else void chat.reading.open(id, wanted).then(show);
    },
    [chat, id],
  );
  const frame = useFrame(conversation);
  const render = useCallback(
    (row: Row) => (
      <MessageRow row={row} conversation={frame} isHighlighted={row.message !== undefined && row.message.seq === highlighted} onShowQuoted={showQuoted} />
    ),
    [frame, highlighted, showQuoted],
  );

  if (!timeline.isLoaded) {
    return (
      <div className="messages-place">
        {timeline.isBroken ? (
          <Empty icon="warning" title={texts.conversation.loadFailed}>
            <button type="button" className="button" onClick={() => void chat.reading.open(id, seq)}>
              {texts.retry}
            </button>
          </Empty>
        ) : (
          <Spinner />
        )}
      </div>
    );
  }
  if (rows.length === 0) {
    const other = partner(conversation, meId);
    return (
      <div className="messages-place">
        <GroupNotices notices={foldedNotices(notices ?? []).slice(-mostAtStart)} />
        <Empty
          icon="smile"
          title={texts.conversation.emptyTitle}
          text={other === undefined ? texts.conversation.emptyGroup : texts.conversation.emptyDirect(other.displayName)}
        />
        <Announcer conversation={conversation} notices={notices} />
      </div>
    );
  }
  return (
    <div className="messages-place">
      <VirtualList
        ref={list}
        rows={rows}
        estimate={estimateHeight}
        render={render}
        headerHeight={64}
        header={<Header isStart={timeline.atStart} isBroken={timeline.isBroken} onRetry={() => void chat.reading.loadOlder(id)} />}
        label={texts.conversation.messages}
        follows={isAtEnd}
        onNearTop={() => {
          if (!timeline.isBroken) void chat.reading.loadOlder(id);
        }}
        onNearBottom={() => {
          if (!isAtEnd && !timeline.isBroken) void chat.reading.loadNewer(id);
        }}
        onPlace={onPlace}
      />
      {!(isAtBottom && isAtEnd) && (
        <button type="button" className="jump" onClick={() => void jumpToNewest()} aria-label={texts.conversation.jumpToNewest} title={texts.conversation.jumpToNewest}>
          <Icon name="down" />
          {conversation.unreadCount > 0 && <span className="badge">{conversation.unreadCount}</span>}
        </button>
      )}
      <Announcer conversation={conversation} notices={isAtEnd ? notices : undefined} />
    </div>
  );
}

function Header({ isStart, isBroken, onRetry }: { isStart: boolean; isBroken: boolean; onRetry(): void }) {
  if (isStart) return <p className="list-start">{texts.conversation.start}</p>;
  if (!isBroken) return <Spinner />;
  return (
    <button type="button" className="button" onClick={onRetry}>
      {texts.retry}
    </button>
  );
}

/** What happened to a group in the part of its history that is loaded, and since. */
function useGroupNotices({ id, kind, revision }: Conversation, timeline: Timeline, isAtEnd: boolean) {
  const { groupNotices } = useWriters();
  const isOnline = useStore((state) => state.connection === "online");
  const { isLoaded } = timeline;
  const after = Math.max(0, firstSeq(timeline) - 1);
  const before = isAtEnd ? undefined : lastSeq(timeline) + 1;
  useEffect(() => {
    if (kind === "group" && isLoaded && isOnline) groupNotices.load(id, before === undefined ? { after } : { after, before }, revision);
  }, [groupNotices, id, kind, revision, isLoaded, isOnline, after, before]);
  useEffect(() => () => groupNotices.close(id), [groupNotices, id]);
  return useStore((state) => state.groupNotices[id]);
}

/** The first message that was unread when the conversation was opened. It stays marked until the user leaves. */
function useUnreadStart(conversation: Conversation, isLoaded: boolean): number | undefined {
  const start = useRef<number | null>();
  if (start.current === undefined && isLoaded) {
    start.current = conversation.unreadCount > 0 ? readSeqOf(conversation) + 1 : null;
  }
  return start.current ?? undefined;
}

/** Marks messages as read once the user sees them. Call the answer with the last message in view. */
function useReadMarks(id: Id): (seq: number) => void {
  const chat = useChat();
  const seen = useRef(0);
  const mark = useCallback(() => {
    if (seen.current > 0 && document.hasFocus() && document.visibilityState === "visible") chat.reading.markRead(id, seen.current);
  }, [chat, id]);
  useEffect(() => {
    window.addEventListener("focus", mark);
    document.addEventListener("visibilitychange", mark);
    return () => {
      window.removeEventListener("focus", mark);
      document.removeEventListener("visibilitychange", mark);
    };
  }, [mark]);
  return useCallback(
    (seq) => {
      seen.current = seq;
      mark();
    },
    [mark],
  );
}

/** Announces new messages of others to screen readers, and what others did with the group. */
function Announcer({ conversation, notices }: { conversation: Conversation; notices: readonly GroupNotice[] | undefined }) {
  const meId = useStore((state) => state.me?.id);
  const first = useRef(conversation.lastSeq);
  const known = useRef<number>();
  // What was there when the end of the history was shown first is no news.
  if (notices !== undefined) known.current ??= Math.max(0, ...notices.map(({ id }) => id));
  const news = notices?.filter(({ id, by, people }) => id > (known.current ?? Infinity) && (by ?? people[0])?.id !== meId) ?? [];
  const message = conversation.lastMessage;
  const isFolded = useStore((state) => isFromBlocked(state, conversation, message?.sender.id));
  const isNew = message !== undefined && message.seq > first.current && message.sender.id !== meId && !isFolded;
  // A screen reader reads what is new in the page, so the same text twice has to be two elements.
  return (
    <div className="visually-hidden" role="log" aria-live="polite" aria-relevant="additions">
      {isNew && <p key={message.id}>{texts.conversation.announce(message.sender.displayName, messageSummary(message))}</p>}
      {news.slice(-mostAnnounced).map((notice) => (
        <p key={`notice ${notice.id}`}>
          <NoticeText notice={notice} />
        </p>
      ))}
    </div>
  );
}
