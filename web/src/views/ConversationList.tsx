import { ReactNode, useLayoutEffect, useMemo, useRef, useState } from "react";
import { Conversation, Id } from "../client/types";
import { Filter, isArchived, passes } from "../store/filters";
import { lostWords } from "../store/lost";
import { activity } from "../store/state";
import * as texts from "../texts";
import { Extra } from "./Chunk";
import { ConversationEntry } from "./ConversationEntry";
import { useListed, useStore } from "./context";
import { Empty, Link, Spinner } from "./controls";
import { LostItems } from "./lazy";
import { useSettling } from "./useSettling";

/** How high an entry is in pixels, until one is measured. All are equally high. */
const usualHeight = 66;

/** So many entries are rendered on either side of what is in view: Tab finds the next ones. */
const overscan = 10;

/** The user's conversations: the pinned ones, and then latest activity first. */
export function ConversationList({ selected, filter }: { selected: Id | undefined; filter: Filter }) {
  const conversations = useListed();
  const isLoaded = useStore((state) => state.isListLoaded);
  const ordered = useMemo(() => {
    // What is open stays, though it is read by now.
    const wanted = conversations.filter((conversation) => passes(conversation, filter) || (conversation.id === selected && isArchived(conversation) === (filter === "archived")));
    const latest = wanted.map((conversation) => ({ conversation, isPinned: conversation.me?.pinned === true, at: activity(conversation) }));
    latest.sort((a, b) => Number(b.isPinned) - Number(a.isPinned) || (a.at < b.at ? 1 : a.at > b.at ? -1 : 0));
    return latest.map(({ conversation }) => conversation);
  }, [conversations, filter, selected]);
  const lost = useLost();
  const hasLost = isLoaded && lost.size > 0 && filter === "all";
  if (ordered.length > 0 || hasLost) {
    return (
      <Entries ordered={ordered} selected={selected}>
        {hasLost && (
          <Extra>
            <ul>
              <LostItems lost={lost} selected={selected} />
            </ul>
          </Extra>
        )}
      </Entries>
    );
  }
  if (!isLoaded) return <Spinner />;
  if (filter !== "all" || conversations.length > 0) return <p className="list-note">{texts.sidebar.none[filter]}</p>;
  return (
    <Empty icon="newChat" title={texts.sidebar.emptyTitle} text={texts.sidebar.emptyText}>
      <Link className="button primary" to={{ view: "newChat" }}>
        {texts.sidebar.newChat}
      </Link>
    </Empty>
  );
}

interface EntriesProps {
  ordered: readonly Conversation[];
  selected: Id | undefined;
  /** What stands above them. */
  children: ReactNode;
}

/** Renders the entries in view. The one with the focus stays, wherever it is. */
function Entries({ ordered, selected, children }: EntriesProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const list = useRef<HTMLUListElement>(null);
  const [focused, setFocused] = useState<Id>();
  const height = useRef(usualHeight);
  /** What was in view at last: the first entry, and its place. The list moves with it. */
  const first = useRef<{ id: Id; index: number }>();
  const { update, again, settled } = useSettling();

  const rangeNow = () => {
    const { scrollTop = 0, clientHeight = 0 } = scroller.current ?? {};
    const above = list.current?.offsetTop ?? 0;
    const top = Math.max(0, Math.floor((scrollTop - above) / height.current));
    const count = Math.ceil((clientHeight === 0 ? 800 : clientHeight) / height.current);
    return { top, start: Math.max(0, top - overscan), end: Math.min(ordered.length, top + count + overscan) };
  };
  const range = rangeNow();
  const shown = ordered.slice(range.start, range.end).map((conversation, index) => ({ conversation, index: range.start + index }));
  const focusedAt = focused === undefined || shown.some(({ conversation }) => conversation.id === focused) ? -1 : ordered.findIndex(({ id }) => id === focused);
  const kept = ordered[focusedAt];
  if (kept !== undefined) shown[focusedAt < range.start ? "unshift" : "push"]({ conversation: kept, index: focusedAt });

  useLayoutEffect(() => {
    const measured = list.current?.firstElementChild?.getBoundingClientRect().height ?? 0;
    if (measured > 0 && Math.abs(measured - height.current) > 0.5) {
      height.current = measured;
      if (again()) return;
    }
    // A conversation that comes to the top must not move what the user has scrolled to.
    const element = scroller.current;
    const { id, index } = first.current ?? {};
    const now = element === null || element.scrollTop === 0 || ordered[index ?? 0]?.id === id ? -1 : ordered.findIndex((other) => other.id === id);
    if (element !== null && now >= 0 && index !== undefined) element.scrollTop += (now - index) * height.current;
    if (!remember() || !again()) settled();
  });

  /** Answers whether other entries are in view than those that are rendered. */
  const remember = () => {
    const { top, start, end } = rangeNow();
    const conversation = ordered[top];
    first.current = conversation && { id: conversation.id, index: top };
    return start !== range.start || end !== range.end;
  };

  useLayoutEffect(() => {
    const observer = new ResizeObserver(() => update());
    if (scroller.current !== null) observer.observe(scroller.current);
    return () => observer.disconnect();
  }, []);

  return (
    <div className="conversation-list" ref={scroller} onScroll={() => remember() && update()}>
      {children}
      <ul
        ref={list}
        className="conversation-rows"
        style={{ height: ordered.length * height.current }}
        onFocus={({ target }) => setFocused(target.closest("li")?.dataset["id"])}
        onBlur={() => setFocused(undefined)}
      >
        {shown.map(({ conversation, index }) => (
          <li
            key={conversation.id}
            data-id={conversation.id}
            aria-setsize={ordered.length}
            aria-posinset={index + 1}
            style={{ transform: `translateY(${index * height.current}px)` }}
          >
            <ConversationEntry conversation={conversation} isSelected={conversation.id === selected} />
          </li>
        ))}
      </ul>
    </div>
  );
}

function useLost(): ReadonlyMap<Id, string> {
  const pending = useStore((state) => state.pending);
  const acts = useStore((state) => state.acts);
  const drafts = useStore((state) => state.drafts);
  const conversations = useStore((state) => state.conversations);
  const unlisted = useStore((state) => state.unlisted);
  return useMemo(() => lostWords({ pending, acts, drafts, conversations, unlisted }), [pending, acts, drafts, conversations, unlisted]);
}
