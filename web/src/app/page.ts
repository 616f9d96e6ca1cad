import { LogoutMemory, SignedInHint } from "../client/session";
import { storageKey } from "../lib/basePath";
import { readStored, store } from "../lib/storage";
import { Chat } from "./chat";

const key = storageKey("signedIn");

/** Who is signed in; shared by all tabs. */
export const signedInHint: SignedInHint = stored(key);

/** A log-out that the server has not confirmed; shared by all tabs. */
export const unconfirmedLogout: LogoutMemory = stored(storageKey("signedOut"));

function stored(name: string) {
  return {
    read: () => readStored(name),
    write: (value: string | null) => store(name, value),
  };
}

/** Reacts to events of the page: the network comes and goes, the page is visible again, another tab signs in or out. */
export function watchPage(chat: Chat): void {
  const probe = () => chat.probe();
  window.addEventListener("online", () => {
    probe();
    void chat.confirmLogout();
  });
  window.addEventListener("offline", () => chat.networkLost());
  // Another network, such as another WLAN. Only some browsers tell.
  (navigator as { connection?: EventTarget }).connection?.addEventListener("change", probe);
  void chat.confirmLogout();
  const wake = () => chat.wake();
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") wake();
    // The page may be about to close.
    else chat.reading.sendMarks();
  });
  document.addEventListener("resume", wake);
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) wake();
  });
  window.addEventListener("beforeunload", (event) => {
    if (chat.writers?.uploads.isUnderWay === true) event.preventDefault();
  });
  // In Safari this Enter has ended a composition, and would still submit its form.
  window.addEventListener(
    "keydown",
    (event) => {
      if (event.key === "Enter" && event.keyCode === 229) event.preventDefault();
    },
    true,
  );
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
