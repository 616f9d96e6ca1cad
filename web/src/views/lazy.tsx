import { Component, lazy, ReactNode, Suspense } from "react";
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

export const AttachmentTray = lazy(async () => ({ default: (await pages()).AttachmentTray }));
export const AuthView = lazy(async () => ({ default: (await pages()).AuthView }));
export const DetailsView = lazy(async () => ({ default: (await pages()).DetailsView }));
export const DiscoverView = lazy(async () => ({ default: (await pages()).DiscoverView }));
export const EmojiPicker = lazy(async () => ({ default: (await pages()).EmojiPicker }));
export const FailedMessage = lazy(async () => ({ default: (await pages()).FailedMessage }));
export const InvitationView = lazy(async () => ({ default: (await pages()).InvitationView }));
export const JoinView = lazy(async () => ({ default: (await pages()).JoinView }));
export const Lightbox = lazy(async () => ({ default: (await pages()).Lightbox }));
export const LostItems = lazy(async () => ({ default: (await pages()).LostItems }));
export const LostWords = lazy(async () => ({ default: (await pages()).LostWords }));
export const MessageActions = lazy(async () => ({ default: (await pages()).MessageActions }));
export const NewChatView = lazy(async () => ({ default: (await pages()).NewChatView }));
export const NewGroupView = lazy(async () => ({ default: (await pages()).NewGroupView }));
export const PendingAttachments = lazy(async () => ({ default: (await pages()).PendingAttachments }));
export const PendingMenu = lazy(async () => ({ default: (await pages()).PendingMenu }));
export const ProfileView = lazy(async () => ({ default: (await pages()).ProfileView }));
export const RefusedEdit = lazy(async () => ({ default: (await pages()).RefusedEdit }));
export const SearchResults = lazy(async () => ({ default: (await pages()).SearchResults }));
export const SearchView = lazy(async () => ({ default: (await pages()).SearchView }));

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
