import { LogoutMemory, SignedInHint } from "../client/session";
import { Chat } from "./chat";

const key = "parley.signedIn";

/** The hint of who is signed in, shared by all tabs. */
export const signedInHint: SignedInHint = stored(key);

/** A log-out that the server has not confirmed, shared by all tabs. */
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

/** Follows what happens to the page: the network, being looked at again, another tab signing in or out. */
export function watchPage(chat: Chat): void {
  const hurry = () => chat.connectNow();
  window.addEventListener("online", () => {
    hurry();
    void chat.confirmLogout();
  });
  void chat.confirmLogout();
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") hurry();
  });
  window.addEventListener("beforeunload", (event) => {
    if (chat.uploads.isUnderWay) event.preventDefault();
  });
  // A file that misses the conversation would take the place of the page.
  for (const type of ["dragover", "drop"] as const) {
    window.addEventListener(type, (event) => {
      if (event.dataTransfer?.types.includes("Files") === true) event.preventDefault();
    });
  }
  window.addEventListener("storage", (event) => {
    if (event.key !== key) return;
    const meId = chat.store.state.me?.id;
    if (event.newValue === null) chat.sessionEnded();
    // Somebody signed in elsewhere: this tab becomes theirs too, rather than sending in another's name.
    else if (event.newValue !== meId) window.location.reload();
  });
}
