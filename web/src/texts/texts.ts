import { account } from "./account";
import { conversations } from "./conversations";
import { messages } from "./messages";
import { people } from "./people";

/** Every word that the page shows. Another language is another set of these files. */
export const texts = {
  locale: "en",
  appName: "Parley",
  tagline: "A chat of your own.",
  loading: "Loading…",
  restoring: "Connecting…",
  restoringOffline: "The server does not answer. Trying again…",
  cancel: "Cancel",
  close: "Close",
  back: "Back",
  save: "Save",
  saved: "Saved",
  retry: "Try again",
  you: "You",
  connection: {
    connecting: "Connecting…",
    offline: "Offline. Messages are sent when the connection is back.",
    retryNow: "Retry now",
  },
  time: {
    today: "Today",
    yesterday: "Yesterday",
    now: "just now",
  },
  notices: "Notices",
  broken: "Something went wrong with this page.",
  reload: "Load it again",

  ...account,
  ...conversations,
  ...messages,
  ...people,
};
