import { RefObject, useState } from "react";
import { navigate, parseRoute } from "../app/router";
import { Conversation, SettingsWish } from "../client/types";
import { muteEnd, MuteLength, muteLengths } from "../lib/muting";
import { isArchived } from "../store/filters";
import { isToRead, mutedUntil } from "../store/state";
import * as texts from "../texts";
import { clockTime, isToday, fullTime } from "../texts/time";
import { useChat, useStore } from "./context";
import { MenuItem, Point, Popover } from "./Popover";
import { useManaging } from "./useManaging";

interface Props {
  conversation: Conversation;
  anchor: RefObject<HTMLElement>;
  at?: Point | undefined;
  /** Whether it is only about notifications. */
  isOnlyNotifications?: boolean;
  onClose(): void;
}

/** The menu of a conversation: what the user wants to be told of it, and where it stands in their list. */
export function ConversationMenu({ conversation, anchor, at, isOnlyNotifications = false, onClose }: Props) {
  const { attention, act } = useAttention(conversation);
  const [isChoosing, setChoosing] = useState(isOnlyNotifications);
  const level = useLevel(conversation);
  const place = { anchor, at, onClose };
  const close = (work: () => void) => () => {
    // The focus goes where it came from, or to the next entry if this one leaves the list.
    const entry = anchor.current?.closest("li");
    anchor.current?.focus();
    onClose();
    work();
    requestAnimationFrame(() => {
      if (entry?.isConnected === false) document.querySelector<HTMLElement>(".conversation-rows a")?.focus();
    });
  };
  if (isChoosing) return <NotificationMenu key="notifications" conversation={conversation} place={place} close={close} />;
  const isPinned = conversation.me?.pinned === true;
  const isApart = isArchived(conversation);
  return (
    <Popover {...place} label={texts.sidebar.actions}>
      <MenuItem icon="bell" label={texts.attention.notifications} note={level.name} onSelect={() => setChoosing(true)} />
      <MenuItem icon="pin" label={isPinned ? texts.attention.unpin : texts.attention.pin} onSelect={close(() => act({ pinned: !isPinned }))} />
      {isToRead(conversation) ? (
        <MenuItem icon="check" label={texts.attention.markRead} onSelect={close(() => attention.read(conversation))} />
      ) : (
        <MenuItem icon="mail" label={texts.attention.markUnread} onSelect={close(() => act({ markedUnread: true }))} />
      )}
      <MenuItem icon="archive" label={isApart ? texts.attention.unarchive : texts.attention.archive} onSelect={close(() => act({ archived: !isApart }))} />
    </Popover>
  );
}

interface NotificationMenuProps {
  conversation: Conversation;
  place: { anchor: RefObject<HTMLElement>; at: Point | undefined; onClose(): void };
  close(work: () => void): () => void;
}

function NotificationMenu({ conversation, place, close }: NotificationMenuProps) {
  const { act } = useAttention(conversation);
  const level = useLevel(conversation);
  const choose = (wish: SettingsWish) => close(() => act(wish));
  const mute = (length: MuteLength) => choose({ mutedUntil: muteEnd(length, new Date()).toISOString() });
  const until = (length: MuteLength) => clockTime(muteEnd(length, new Date()).toISOString());
  return (
    <Popover {...place} label={texts.attention.notifications}>
      {level.until !== undefined && <MenuItem icon="bell" label={texts.attention.unmute} note={level.until} onSelect={choose({ mutedUntil: null })} />}
      {(["all", "mentions"] as const).map((each) => (
        <MenuItem
          key={each}
          icon={each === "all" ? "bell" : "person"}
          label={texts.attention.levels[each]}
          isChosen={level.value === each}
          onSelect={choose({ notifications: each, mutedUntil: null })}
        />
      ))}
      {muteLengths.map((each) => (
        <MenuItem key={each} icon="clock" label={texts.attention.mute[each]} note={until(each)} onSelect={mute(each)} />
      ))}
      <MenuItem icon="bellOff" label={texts.attention.muteAlways} isChosen={level.value === "none"} onSelect={choose({ notifications: "none", mutedUntil: null })} />
    </Popover>
  );
}

/** What the user is told of a conversation, as they have set it. */
export function useLevel(conversation: Conversation) {
  const end = useStore((state) => mutedUntil(conversation, state.now));
  const { notifications = "all" } = conversation.me ?? {};
  if (end === 0) return { value: notifications, name: texts.attention.levels[notifications], until: undefined };
  const time = end === Infinity ? "" : new Date(end).toISOString();
  const until = time === "" ? texts.attention.levels.none : texts.attention.mutedUntil(isToday(time) ? clockTime(time) : fullTime(time));
  return { value: time, name: texts.attention.levels.none, until };
}

export function useAttention({ id }: Conversation) {
  const { notices } = useChat();
  const { attention } = useManaging();
  const act = (wish: SettingsWish) => {
    const route = parseRoute(window.location.pathname);
    // What is open would be read at once.
    if (wish.markedUnread === true && "id" in route && route.id === id) navigate({ view: "home" });
    void attention.change(id, wish).then((isTaken) => {
      if (isTaken && wish.archived === true) notices.show(texts.attention.archived);
    });
  };
  return { attention, act };
}
