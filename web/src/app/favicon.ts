import { concerning, listed, State } from "../store/state";
import { Store } from "../store/store";

/** The page's icon with a dot, as in favicon.svg. */
const unread =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="#4353c9"/>' +
  '<path d="M9 8h11a5 5 0 0 1 5 5v2a5 5 0 0 1-5 5h-6l-5 4.5V20a3 3 0 0 1-3-3v-6a3 3 0 0 1 3-3z" fill="#fff"/>' +
  '<circle cx="24" cy="8" r="7" fill="#e5484d" stroke="#fff" stroke-width="2"/></svg>';

/** From now on the icon of the page says whether anything unread concerns the user; an installed page's, how much. */
export function showInFavicon(store: Store): void {
  const link = document.querySelector<HTMLLinkElement>("link[rel=icon]");
  const plain = link?.href ?? "";
  let shown: Partial<State> = {};
  let count = 0;
  const update = () => {
    const { conversations, unlisted, now } = store.state;
    if (conversations === shown.conversations && unlisted === shown.unlisted && now === shown.now) return;
    shown = { conversations, unlisted, now };
    const present = concerning(listed({ conversations, unlisted }), now);
    if (present === count) return;
    count = present;
    if (link !== null) link.href = count > 0 ? `data:image/svg+xml,${encodeURIComponent(unread)}` : plain;
    // Browsers without installed pages have no such badge.
    const { setAppBadge } = navigator as { setAppBadge?(count: number): Promise<void> };
    setAppBadge?.call(navigator, count).catch(() => {});
  };
  store.subscribe(update);
  update();
}
