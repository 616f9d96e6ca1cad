import { Message } from "../client/types";
import { State } from "../store/state";
import * as texts from "../texts";
import { messageSummary } from "../texts/summary";
import { navigate } from "./router";

const key = "parley.notifications";

/** Whether the user wants notifications and the browser allows them. */
export function notificationsEnabled(): boolean {
  return "Notification" in window && Notification.permission === "granted" && localStorage.getItem(key) === "on";
}

/** Switches notifications on or off; asks for the browser's permission if needed. Answers whether they are on. */
export async function setNotifications(isOn: boolean): Promise<boolean> {
  if (isOn && "Notification" in window && (await Notification.requestPermission()) === "granted") {
    localStorage.setItem(key, "on");
  } else {
    localStorage.removeItem(key);
  }
  return notificationsEnabled();
}

/** Shows a notification for a message that arrives while the page is not in focus. */
export function notify(state: State, message: Message): void {
  if (document.hasFocus() || message.sender.id === state.me?.id || !notificationsEnabled()) return;
  const conversation = state.conversations[message.conversationId];
  if (conversation?.invitation !== undefined || state.blocked[message.sender.id] === true) return;
  const title = conversation?.kind === "group" ? texts.notification.inGroup(message.sender.displayName, conversation.title ?? "") : message.sender.displayName;
  const notification = create(title, { body: messageSummary(message), tag: message.conversationId, icon: "/favicon.svg" });
  if (notification === undefined) return;
  notification.onclick = () => {
    window.focus();
    navigate({ view: "conversation", id: message.conversationId });
    notification.close();
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
