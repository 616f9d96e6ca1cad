import { LogoutMemory, SignedInHint } from "../client/session";
import { Chat } from "./chat";

const key = "parley.signedIn";

/** Who is signed in; shared by all tabs. */
export const signedInHint: SignedInHint = stored(key);

/** A log-out that the server has not confirmed; shared by all tabs. */
export const unconfirmedLogout: LogoutMemory = stored("parley.signedOut");

function stored(name: string) {
  return {
    read: () => localStorage.getItem(name),
    write: (value: string | null) => {
      if (value === null) localStorage.removeItem(name);
      else localStorage.setItem(name, value);
    },
  };
}

/** Reacts to events of the page: the network is back, the page is visible again, another tab signs in or out. */
export function watchPage(chat: Chat): void {
  const hurry = () => chat.connectNow();
  window.addEventListener("online", () => {
    hurry();
    void chat.confirmLogout();
  });
  void chat.confirmLogout();
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") hurry();
    // The page may be about to close.
    else chat.reading.sendMarks();
  });
  window.addEventListener("beforeunload", (event) => {
    if (chat.uploads.isUnderWay) event.preventDefault();
  });
  // Otherwise the browser would open a file that is dropped outside a conversation.
  for (const type of ["dragover", "drop"] as const) {
    window.addEventListener(type, (event) => {
      if (event.dataTransfer?.types.includes("Files") === true) event.preventDefault();
    });
  }
  window.addEventListener("storage", (event) => {
    if (event.key !== key) return;
    const meId = chat.store.state.me?.id;
    if (event.newValue === null) chat.sessionEnded();
    // Somebody else signed in, in another tab. This tab must not go on sending in the first user's name.
    else if (event.newValue !== meId) window.location.reload();
  });
}
