import { Conversation, Id, Message } from "../client/types";
import { basePath, storageKey } from "../lib/basePath";
import { chime } from "../lib/chime";
import { newId } from "../lib/ids";
import { readStored, store as setStored } from "../lib/storage";
import { readSeqOf } from "../store/counts";
import { isMentioning, unreadIn, wanted } from "../store/state";
import { isQuiet } from "../store/status";
import { Store } from "../store/store";
import * as texts from "../texts";
import { messageSummary } from "../texts/summary";
import { navigate } from "./router";

const key = storageKey("notifications");
const soundKey = storageKey("sound");

/** Locks of the tabs of a browser: the one tab that notifies holds the first, a tab that the user looks at one of its own. */
const notifierLock = storageKey("notifier");
const focusLock = storageKey("focus");

/** A tab says whether the user looks at it. Without `hasFocus` it is new, and asks the others. */
interface Look {
  tab: string;
  hasFocus?: boolean;
}

/** Whether the user wants notifications and the browser allows them. */
export function notificationsEnabled(): boolean {
  return "Notification" in window && Notification.permission === "granted" && readStored(key) === "on";
}

/** Whether this device plays a sound. */
export function soundEnabled(): boolean {
  return readStored(soundKey) === "on";
}

export function setSound(isOn: boolean): void {
  setStored(soundKey, isOn ? "on" : null);
  // The user hears what they have chosen, and the browser sees that they want to.
  if (isOn) chime();
}

/** Switches notifications on or off; asks for the browser's permission if needed. Answers whether they are on. */
export async function setNotifications(isOn: boolean): Promise<boolean> {
  const isAllowed = isOn && "Notification" in window && (await Notification.requestPermission()) === "granted";
  setStored(key, isAllowed ? "on" : null);
  return notificationsEnabled();
}

/**
 * Notifications of messages that arrive while the user looks elsewhere. Of several tabs one notifies, and none while any
 * of them has the focus. Browsers have notifications and locks on the same, secure, pages.
 */
export class Notifications {
  /** By conversation. */
  private readonly shown = new Map<Id, { notification: Notification; message: Message }>();
  private readonly tab = newId();
  private readonly channel = "BroadcastChannel" in window ? new BroadcastChannel(focusLock) : undefined;
  /** The other tabs that the user looks at, as they said. */
  private readonly lookedAt = new Set<string>();
  /** Whether this tab is the one that notifies. */
  private isNotifier = navigator.locks === undefined;
  private stopNotifying: (() => void) | undefined;
  private looksAway: (() => void) | undefined;

  constructor(private readonly store: Store) {
    store.subscribe(() => this.update());
    window.addEventListener("focus", () => this.watchFocus());
    window.addEventListener("blur", () => this.watchFocus());
    window.addEventListener("pagehide", () => this.tell(false));
    if (this.channel !== undefined) this.channel.onmessage = ({ data }) => this.hear(data as Look);
    this.channel?.postMessage({ tab: this.tab });
    this.watchFocus();
    this.update();
  }

  async notify(message: Message): Promise<void> {
    const { me, blocked } = this.store.state;
    if (message.sender.id === me?.id || blocked[message.sender.id] === true) return;
    if (me !== undefined && isQuiet(me, Date.now())) return;
    const hasSound = soundEnabled();
    if (!hasSound && !notificationsEnabled()) return;
    if (document.hasFocus() || !this.isNotifier) return;
    if (this.lookedAt.size > 0 && (await this.isLookedAtElsewhere())) return;
    const conversation = this.store.state.conversations[message.conversationId];
    // It may have been read meanwhile, here or on another device.
    if (conversation === undefined || unreadIn(conversation) === 0) return;
    const tells = wanted(conversation, Date.now());
    if (tells === "none" || (tells === "mentions" && !isMentioning(message, me?.id))) return;
    if (hasSound) chime();
    if (!notificationsEnabled()) return;
    // From now on it is told of changes.
    this.store.dispatch({ type: "kept", messages: [message] });
    this.show(conversation, this.store.state.kept[message.id] ?? message, hasSound);
  }

  private show(conversation: Conversation, message: Message, isSilent = false): void {
    if (message.deletedAt !== undefined) return;
    const name = message.sender.displayName;
    const title = conversation.kind === "group" ? texts.notification.inGroup(name, conversation.title ?? "") : name;
    const options = { body: messageSummary(message), tag: message.conversationId, icon: `${basePath}/favicon.svg`, silent: isSilent };
    const notification = create(title, options);
    if (notification === undefined) return;
    this.shown.set(message.conversationId, { notification, message });
    notification.onclick = () => {
      window.focus();
      navigate({ view: "conversation", id: message.conversationId });
      notification.close();
    };
  }

  /** Closes what was read or deleted, renews what has changed, and notifies as long as this tab hears of messages. */
  private update(): void {
    const { connection, conversations, kept } = this.store.state;
    for (const [id, { notification, message }] of this.shown) {
      const conversation = conversations[id];
      const present = kept[message.id];
      if (conversation === undefined || present === undefined || present.deletedAt !== undefined || readSeqOf(conversation) >= message.seq) {
        this.shown.delete(id);
        notification.close();
      } else if (messageSummary(present) !== messageSummary(message) || present.sender.displayName !== message.sender.displayName) {
        this.show(conversation, present, true);
      }
    }
    if (connection === "online") this.stopNotifying ??= hold(notifierLock, () => (this.isNotifier = true));
    else if (connection !== "connecting" && this.stopNotifying !== undefined) {
      this.stopNotifying();
      this.stopNotifying = undefined;
      this.isNotifier = navigator.locks === undefined;
    }
  }

  private watchFocus(): void {
    const hasFocus = document.hasFocus();
    if (hasFocus) this.looksAway ??= hold(`${focusLock}.${this.tab}`);
    else {
      this.looksAway?.();
      this.looksAway = undefined;
    }
    this.tell(hasFocus);
  }

  private tell(hasFocus: boolean): void {
    this.channel?.postMessage({ tab: this.tab, hasFocus });
  }

  private hear({ tab, hasFocus }: Look): void {
    if (hasFocus === true) this.lookedAt.add(tab);
    else this.lookedAt.delete(tab);
    if (hasFocus === undefined) this.tell(document.hasFocus());
  }

  /** A tab may be gone without having said so; then its lock is gone too. */
  private async isLookedAtElsewhere(): Promise<boolean> {
    const held = (await navigator.locks?.query())?.held;
    if (held === undefined) return true;
    const names = new Set(held.map(({ name }) => name));
    for (const tab of this.lookedAt) if (!names.has(`${focusLock}.${tab}`)) this.lookedAt.delete(tab);
    return this.lookedAt.size > 0;
  }
}

/** Holds a lock from when it is free until the answer is called, or the page is closed. */
function hold(name: string, onHeld?: () => void): () => void {
  let release: () => void = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const controller = new AbortController();
  navigator.locks
    ?.request(name, { signal: controller.signal }, () => {
      onHeld?.();
      return released;
    })
    // It was not wanted any more before it was free.
    .catch(() => {});
  return () => {
    controller.abort();
    release();
  };
}

/** Creates a notification. Some browsers, such as those on Android, allow that to service workers only. */
function create(title: string, options: NotificationOptions): Notification | undefined {
  try {
    return new Notification(title, options);
  } catch {
    return undefined;
  }
}
