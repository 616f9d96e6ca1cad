import { Component, lazy, ReactNode, Suspense } from "react";
import { texts } from "../texts";
import { Spinner } from "./controls";

const pages = () => import("./pages");

export const AuthView = lazy(async () => ({ default: (await pages()).AuthView }));
export const DetailsView = lazy(async () => ({ default: (await pages()).DetailsView }));
export const DiscoverView = lazy(async () => ({ default: (await pages()).DiscoverView }));
export const EmojiPicker = lazy(async () => ({ default: (await pages()).EmojiPicker }));
export const InvitationView = lazy(async () => ({ default: (await pages()).InvitationView }));
export const JoinView = lazy(async () => ({ default: (await pages()).JoinView }));
export const Lightbox = lazy(async () => ({ default: (await pages()).Lightbox }));
export const MessageActions = lazy(async () => ({ default: (await pages()).MessageActions }));
export const NewChatView = lazy(async () => ({ default: (await pages()).NewChatView }));
export const NewGroupView = lazy(async () => ({ default: (await pages()).NewGroupView }));
export const ProfileView = lazy(async () => ({ default: (await pages()).ProfileView }));
export const SearchResults = lazy(async () => ({ default: (await pages()).SearchResults }));
export const SearchView = lazy(async () => ({ default: (await pages()).SearchView }));

/** Fetches the rest of the page before it is asked for. */
export function prefetchPages(): void {
  // Offline, a view asks for it again.
  pages().catch(() => {});
}

/** Shows a spinner while a view is fetched. */
export function Fetched({ children }: { children: ReactNode }) {
  return <Suspense fallback={<Spinner />}>{children}</Suspense>;
}

/** Catches what no view expects, such as a part of the page that cannot be fetched, and offers to begin anew. */
export class Safety extends Component<{ children: ReactNode }, { isBroken: boolean }> {
  override state = { isBroken: false };

  static getDerivedStateFromError() {
    return { isBroken: true };
  }

  override render() {
    if (!this.state.isBroken) return this.props.children;
    return (
      <main className="restoring" role="alert">
        <p>{texts.broken}</p>
        <button type="button" className="button primary" onClick={() => window.location.reload()}>
          {texts.reload}
        </button>
      </main>
    );
  }
}
