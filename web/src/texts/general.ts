/** Words that belong to no single view. */

export const locale = "en";
export const pageTitle = (count: number, title: string) => `${count > 0 ? `(${count}) ` : ""}${title === "" ? "" : `${title} · `}${appName}`;

export const appName = "Parley";
export const tagline = "A chat of your own.";
export const loading = "Loading…";
export const restoring = "Connecting…";
export const restoringOffline = "The server does not answer. Trying again…";
export const cancel = "Cancel";
export const close = "Close";
export const back = "Back";
export const save = "Save";
export const saved = "Saved";
export const retry = "Try again";
export const you = "You";
export const notices = "Notices";
export const broken = "Something went wrong with this page.";
export const missing = "This could not be fetched. Try again once you are connected.";
export const reload = "Load it again";

export const connection = {
  connecting: "Connecting…",
  away: "no connection",
  offline: "Offline. Messages are sent when the connection is back.",
  retryNow: "Retry now",
};

export const time = {
  today: "Today",
  yesterday: "Yesterday",
  now: "just now",
};
