import { DragEvent, useEffect, useState } from "react";
import { Conversation, Id } from "../client/types";
import { droppedFiles } from "../lib/droppedFiles";
import { limits } from "../rules/limits";
import { agoTime } from "../texts/time";
import { partner, titleOf } from "../store/state";
import * as texts from "../texts";
import { ConversationAvatar } from "./Avatar";
import { Extra } from "./Chunk";
import { Composer } from "./Composer";
import { useChat, useFrame, useStore } from "./context";
import { Link, LoadingPane } from "./controls";
import { Icon } from "./icons";
import { InvitationView, JoinView, LostWords, MessageViewer, NoComposer } from "./lazy";
import { MessageList } from "./MessageList";
import { NotFound } from "./NotFound";
import { Quiet, Status } from "./Status";
import { useConversation } from "./useConversation";
import { Viewed, ViewerContext } from "./useViewer";
import { useWriters } from "./useWriters";

/** A conversation: its header, its messages, and the composer. */
export function ConversationView({ id, seq }: { id: Id; seq: number | undefined }) {
  const chat = useChat();
  const { typing } = useWriters();
  const { conversation, isMissing, preview } = useConversation(id);
  const isShown = conversation !== undefined && conversation.invitation === undefined;
  useEffect(() => {
    if (isShown) void chat.reading.open(id, seq);
  }, [chat, id, seq, isShown]);
  useEffect(() => {
    if (isShown) chat.reading.opened(id);
  }, [chat, id, isShown]);
  useEffect(() => () => typing.set(id, false), [typing, id]);

  if (conversation === undefined) {
    if (isMissing && preview !== undefined) return <JoinView group={preview} />;
    return isMissing ? (
      <NotFound>
        <LostWords conversationId={id} />
      </NotFound>
    ) : <LoadingPane />;
  }
  if (!isShown) return <InvitationView group={conversation} />;
  return <Present conversation={conversation} seq={seq} />;
}

/** How often a hidden conversation that is open is looked at, in milliseconds: the server sends no events of it. */
const hiddenInterval = 10_000;

function useHidden(id: Id): void {
  const { reading } = useChat();
  const isHidden = useStore((state) => state.unlisted[id] === true && state.isListLoaded && state.connection === "online");
  useEffect(() => {
    if (!isHidden) return undefined;
    let isLooking = false;
    const look = () => {
      if (isLooking || document.visibilityState !== "visible") return;
      isLooking = true;
      void reading.catchUp(id).finally(() => (isLooking = false));
    };
    look();
    const timer = setInterval(look, hiddenInterval);
    document.addEventListener("visibilitychange", look);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", look);
    };
  }, [reading, id, isHidden]);
}

function Present({ conversation, seq }: { conversation: Conversation; seq: number | undefined }) {
  const { drafts } = useWriters();
  const meId = useStore((state) => state.me?.id);
  const [isDropping, setDropping] = useState(false);
  const [viewed, setViewed] = useState<Viewed>();
  const frame = useFrame(conversation);
  useHidden(conversation.id);
  const title = titleOf(conversation, meId);
  const other = partner(conversation, meId);
  const isBlocked = useStore((state) => other !== undefined && state.blocked[other.id] === true);

  const carriesFiles = (event: DragEvent) => event.dataTransfer.types.includes("Files");
  const onDragOver = (event: DragEvent) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    setDropping(true);
  };
  const onDragLeave = (event: DragEvent) => {
    if (event.relatedTarget instanceof Node && event.currentTarget.contains(event.relatedTarget)) return;
    setDropping(false);
  };
  const onDrop = (event: DragEvent) => {
    setDropping(false);
    if (!carriesFiles(event)) return;
    event.preventDefault();
    void drafts.attachDropped(conversation.id, droppedFiles(event.dataTransfer, limits.attachments.most));
  };

  return (
    <main className="pane conversation" aria-label={title} onDragOver={onDragOver} onDragLeave={onDragLeave} onDrop={onDrop}>
      <header className="pane-head">
        <Link to={{ view: "home" }} label={texts.back} className="icon-button only-phone">
          <Icon name="back" />
        </Link>
        <Link to={{ view: "details", id: conversation.id }} className="conversation-head" label={`${title}: ${texts.conversation.details}`}>
          <ConversationAvatar conversation={conversation} size="small" />
          <span className="conversation-head-text">
            <h1>
              <bdi>{title}</bdi>
            </h1>
            <Subtitle conversation={conversation} />
          </span>
        </Link>
        <Link to={{ view: "search", id: conversation.id }} label={texts.conversation.search} className="icon-button">
          <Icon name="search" />
        </Link>
        <Link to={{ view: "details", id: conversation.id }} label={texts.conversation.details} className="icon-button">
          <Icon name="info" />
        </Link>
      </header>
      <ViewerContext.Provider value={setViewed}>
        <MessageList conversation={conversation} seq={seq} />
      </ViewerContext.Provider>
      {viewed !== undefined && (
        <Extra>
          <MessageViewer {...viewed} onClose={() => setViewed(undefined)} />
        </Extra>
      )}
      {other !== undefined && (isBlocked || other.closed === true) ? (
        <Extra>
          <NoComposer user={other} />
        </Extra>
      ) : (
        <Composer conversation={frame} />
      )}
      {isDropping && (
        <div className="drop-zone" aria-hidden="true">
          <Icon name="attach" size={32} />
          {texts.conversation.dropFiles}
        </div>
      )}
    </main>
  );
}

/** Who is typing, or else who is online. */
function Subtitle({ conversation }: { conversation: Conversation }) {
  const meId = useStore((state) => state.me?.id);
  const typists = useStore((state) => state.typing[conversation.id]);
  const online = useStore((state) => state.online);
  const lastSeen = useStore((state) => state.lastSeen);
  const now = useStore((state) => state.now);
  const isConnected = useStore((state) => state.connection === "online");
  const isAway = useStore((state) => state.isAway);
  const typing = Object.values(typists ?? {});
  const other = partner(conversation, meId);
  if (typing.length > 0) {
    const names = typing.map(({ user }) => user?.displayName ?? "");
    return <span className="subtitle is-typing">{other === undefined ? texts.conversation.isTyping(names) : texts.conversation.typing}</span>;
  }
  if (other?.closed === true) return <span className="subtitle">{texts.conversation.closed}</span>;
  if (other !== undefined) {
    // Without a connection, nobody knows who is online.
    if (!isConnected) return <span className="subtitle">{isAway ? texts.connection.away : texts.connection.connecting}</span>;
    const seen = lastSeen[other.id] ?? other.lastSeenAt;
    const away = seen === undefined ? texts.conversation.offline : texts.conversation.lastSeen(agoTime(seen, now));
    return (
      <span className="subtitle">
        {online[other.id] === true ? texts.conversation.online : away}
        <Quiet user={other} before=" · " />
        <Status user={other} before=" · " />
      </span>
    );
  }
  const count = conversation.members.filter((member) => member.user.id !== meId && online[member.user.id] === true).length;
  return (
    <span className="subtitle">
      {texts.conversation.members(conversation.memberCount)}
      {count > 0 && ` · ${texts.conversation.onlineCount(count + 1)}`}
    </span>
  );
}
