import { useEffect, useMemo, useState } from "react";
import { sharedKinds, SharedKind } from "../app/router";
import { Shared, sharedOf } from "../app/shared";
import { Id } from "../client/types";
import { titleOf } from "../store/state";
import * as texts from "../texts";
import { useChat, useStore } from "./context";
import { Empty, Link, LoadingPane, Spinner } from "./controls";
import { InvitationView } from "./InvitationView";
import { NotFound } from "./NotFound";
import { PaneHead } from "./PaneHead";
import { SharedList } from "./SharedList";
import { useConversation } from "./useConversation";
import { useShared } from "./useShared";

/** What was shared in a conversation: media, files and links. */
export function SharedView({ id, kind }: { id: Id; kind: SharedKind }) {
  const { conversation, isMissing } = useConversation(id);
  const meId = useStore((state) => state.me?.id);
  if (conversation === undefined) return isMissing ? <NotFound /> : <LoadingPane />;
  if (conversation.invitation !== undefined) return <InvitationView group={conversation} />;
  const title = titleOf(conversation, meId);
  return (
    <main className="pane" aria-label={`${title}: ${texts.shared.title}`}>
      <PaneHead title={title} back={{ view: "details", id }} isBackAlways />
      <nav className="shared-tabs" aria-label={texts.shared.title}>
        {sharedKinds.map((other) => (
          <Link key={other} to={{ view: other, id }} isCurrent={other === kind} replace>
            {texts.shared.kinds[other]}
          </Link>
        ))}
      </nav>
      <Kind key={kind} id={id} kind={kind} />
    </main>
  );
}

function Kind({ id, kind }: { id: Id; kind: SharedKind }) {
  const chat = useChat();
  const [shared] = useState(() => sharedOf(chat, id, kind));
  const items = useShared(shared);
  useLatest(shared, id);
  const isEmpty = items.length === 0;
  useEffect(() => {
    // All of a page may be gone, or be of blocked people.
    if (isEmpty && shared.isLoaded && shared.hasMore.older && !shared.isBroken) void shared.load("older");
  }, [shared, items, isEmpty]);
  // Several links of a message are as many entries.
  const entries = useMemo(() => items.flatMap((item) => item.links?.map((link) => ({ ...item, links: [link] })) ?? [item]), [items]);
  if (entries.length > 0) return <SharedList shared={shared} entries={entries} conversationId={id} kind={kind} />;
  if (shared.isBroken) {
    return (
      <Empty icon="warning" title={texts.shared.failed}>
        <button type="button" className="button" onClick={() => void shared.follow()}>
          {texts.retry}
        </button>
      </Empty>
    );
  }
  const [title, text] = texts.shared.empty[kind];
  return shared.isLoaded && !shared.hasMore.older ? <Empty icon={kind === "links" ? "link" : kind === "files" ? "file" : "image"} title={title} text={text} /> : <Spinner />;
}

/** Fetches the first page, and what is shared while the list is looked at. */
function useLatest(shared: Shared, id: Id): void {
  const latest = useStore((state) => {
    const message = state.conversations[id]?.lastMessage;
    return message !== undefined && (message.attachments.length > 0 || message.text.includes("://")) ? message.id : undefined;
  });
  const isOnline = useStore((state) => state.connection === "online");
  useEffect(() => {
    if (!shared.isLoaded || isOnline) void shared.follow();
  }, [shared, latest, isOnline]);
}
