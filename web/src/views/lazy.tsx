import { Component, lazy, LazyExoticComponent, ReactNode, Suspense } from "react";
import * as texts from "../texts";
import { Spinner } from "./controls";

const pages = () => withStyles(import("./pages"));

let styles: Promise<unknown> | undefined;

/** A view, once the styles are there that the first view does without. The page names their address. */
async function withStyles<T>(view: Promise<T>): Promise<T> {
  styles ??= new Promise((resolve, reject) => {
    const link = document.createElement("link");
    link.rel = "stylesheet";
    link.href = document.querySelector<HTMLMetaElement>("meta[name=later-styles]")?.content ?? "";
    link.onload = resolve;
    link.onerror = reject;
    document.head.append(link);
  });
  await styles.catch((error: unknown) => {
    styles = undefined;
    throw error;
  });
  return view;
}

type Pages = typeof import("./pages");
/** What the later script exports beside `later` is views. */
type ViewName = Exclude<keyof Pages, "later">;

/** A view of the later script. */
function later<Name extends ViewName>(name: Name): LazyExoticComponent<Pages[Name]> {
  return lazy(async () => ({ default: (await pages())[name] }));
}

export const AttachmentTray = later("AttachmentTray");
export const AuthView = later("AuthView");
export const Blur = later("Blur");
export const DetailsView = later("DetailsView");
export const DiscoverView = later("DiscoverView");
export const EmojiPicker = later("EmojiPicker");
export const FailedMessage = later("FailedMessage");
export const InvitationView = later("InvitationView");
export const JoinView = later("JoinView");
export const Lightbox = later("Lightbox");
export const LostItems = later("LostItems");
export const LostWords = later("LostWords");
export const MessageActions = later("MessageActions");
export const NewChatView = later("NewChatView");
export const NewGroupView = later("NewGroupView");
export const NoComposer = later("NoComposer");
export const PendingAttachments = later("PendingAttachments");
export const PendingMenu = later("PendingMenu");
export const ProfileView = later("ProfileView");
export const RefusedEdit = later("RefusedEdit");
export const SearchResults = later("SearchResults");
export const SearchView = later("SearchView");

/** Fetches everything that is not in the first view, so that it opens at once, offline too. Fetching it twice is free. */
export function prefetchPages(): void {
  // If this fails, the next connection tries again, and so does the view that needs it.
  pages().catch(() => {});
}

/** Shows a spinner while a view is fetched. If it cannot be fetched, the rest of the page goes on working. */
export function Fetched({ children }: { children: ReactNode }) {
  return (
    <Safety>
      <Suspense fallback={<Spinner />}>{children}</Suspense>
    </Safety>
  );
}

/** Catches the errors that no view handles, such as a script that cannot be fetched, and offers to load the page again. */
export class Safety extends Component<{ children: ReactNode }, { isBroken: boolean }> {
  override state = { isBroken: false };

  static getDerivedStateFromError() {
    return { isBroken: true };
  }

  override render() {
    if (!this.state.isBroken) return this.props.children;
    return (
      <main className="pane restoring" role="alert">
        <p>{texts.broken}</p>
        <button type="button" className="button primary" onClick={() => window.location.reload()}>
          {texts.reload}
        </button>
      </main>
    );
  }
}
