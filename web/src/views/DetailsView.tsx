import { useEffect, useState } from "react";
import { navigate } from "../app/router";
import { Conversation, Id, User } from "../client/types";
import { agoTime, date } from "../texts/time";
import { limits } from "../rules/limits";
import { addMembers, rename } from "../rules/permissions";
import { partner, titleOf } from "../store/state";
import * as texts from "../texts";
import { AddPeople } from "./AddPeople";
import { AttentionButtons } from "./AttentionButtons";
import { ConversationAvatar } from "./Avatar";
import { BlockButton } from "./BlockButton";
import { useChat, useStore } from "./context";
import { Link, LoadingPane } from "./controls";
import { ConfirmDialog, PromptDialog } from "./Dialog";
import { Icon } from "./icons";
import { InvitationView } from "./InvitationView";
import { prefetchShared } from "./lazyShared";
import { MemberList } from "./MemberList";
import { PaneHead } from "./PaneHead";
import { NotFound } from "./NotFound";
import { Quiet, Status } from "./Status";
import { useConversation } from "./useConversation";
import { useStanding } from "./useStanding";
import { useManaging } from "./useManaging";

/** The details of a conversation: a person, or a group and its members, and what the user may change. */
export function DetailsView({ id }: { id: Id }) {
  const chat = useChat();
  const { conversation, isMissing } = useConversation(id);
  useEffect(() => {
    // In a large group, marks and members may be out of date.
    void chat.conversations.refresh(id);
    prefetchShared();
  }, [chat, id]);
  if (conversation === undefined) {
    return isMissing ? (
      <NotFound />
    ) : <LoadingPane />;
  }
  if (conversation.invitation !== undefined) return <InvitationView group={conversation} />;
  return <Present conversation={conversation} />;
}

function Present({ conversation }: { conversation: Conversation }) {
  const meId = useStore((state) => state.me?.id);
  const other = partner(conversation, meId);
  return (
    <main className="pane" aria-label={texts.details.title}>
      <PaneHead title={texts.details.title} back={{ view: "conversation", id: conversation.id }} isBackAlways />
      <div className="pane-body narrow">
        <div className="details-head">
          <ConversationAvatar conversation={conversation} size="large" />
          <h2>
            <bdi>{titleOf(conversation, meId)}</bdi>
          </h2>
          {other === undefined ? <GroupNote conversation={conversation} /> : <PersonNote user={other} />}
        </div>
        {other === undefined ? (
          <GroupActions conversation={conversation} />
        ) : (
          <PersonActions id={conversation.id} user={other} />
        )}
        {conversation.me !== undefined && <AttentionButtons conversation={conversation} />}
        <Link to={{ view: "media", id: conversation.id }} className="details-shared">
          <Icon name="image" />
          <span>{texts.shared.title}</span>
          <Icon name="next" size={18} />
        </Link>
        {other === undefined && <MemberList conversation={conversation} />}
      </div>
    </main>
  );
}

function PersonActions({ id, user }: { id: Id; user: User }) {
  const chat = useChat();
  const manager = useManaging();
  const hide = async () => {
    await manager.hide(id);
    navigate({ view: "home" }, { replace: true });
  };
  return (
    <div className="details-actions">
      <button type="button" className="button" onClick={() => void chat.notices.attempt(hide)}>
        <Icon name="eyeOff" size={18} />
        {texts.details.hide}
      </button>
      <BlockButton user={user} />
    </div>
  );
}

function PersonNote({ user }: { user: User }) {
  const isOnline = useStore((state) => state.online[user.id] === true);
  const seen = useStore((state) => state.lastSeen[user.id]) ?? user.lastSeenAt;
  const now = useStore((state) => state.now);
  const away = seen === undefined ? texts.conversation.offline : texts.conversation.lastSeen(agoTime(seen, now));
  return (
    <>
      <p className="details-note">
        @{user.username} · {user.closed === true ? texts.conversation.closed : isOnline ? texts.conversation.online : away}
        <Quiet user={user} before=" · " />
      </p>
      <p className="details-note">
        <Status user={user} />
      </p>
      {user.about !== undefined && user.about !== "" && (
        <p className="details-about" dir="auto">
          {user.about}
        </p>
      )}
      <p className="details-note">{texts.details.joined(date(user.createdAt))}</p>
    </>
  );
}

function GroupNote({ conversation }: { conversation: Conversation }) {
  const isPublic = conversation.visibility === "public";
  return (
    <p className="details-note">
      <Icon name={isPublic ? "globe" : "lock"} size={16} />
      {isPublic ? texts.details.publicGroup : texts.details.privateGroup} · {texts.conversation.members(conversation.memberCount)}
    </p>
  );
}

function GroupActions({ conversation }: { conversation: Conversation }) {
  const chat = useChat();
  const manager = useManaging();
  const [open, setOpen] = useState<"add" | "rename" | "leave">();
  const { id } = conversation;
  const standing = useStanding(conversation);
  const close = () => setOpen(undefined);
  return (
    <div className="details-actions">
      {addMembers(standing) === undefined && (
        <button type="button" className="button" onClick={() => setOpen("add")}>
          <Icon name="plus" size={18} />
          {texts.details.addPeople}
        </button>
      )}
      {rename(standing) === undefined && (
        <button type="button" className="button" onClick={() => setOpen("rename")}>
          <Icon name="edit" size={18} />
          {texts.details.rename}
        </button>
      )}
      <button type="button" className="button danger-text" onClick={() => setOpen("leave")}>
        <Icon name="leave" size={18} />
        {texts.details.leave}
      </button>
      {open === "add" && <AddPeople group={conversation} onClose={close} />}
      {open === "rename" && (
        <PromptDialog
          title={texts.details.rename}
          label={texts.start.groupTitle}
          action={texts.save}
          initial={conversation.title ?? ""}
          limit={limits.title}
          onClose={close}
          onSubmit={(title) => void chat.notices.attempt(() => manager.rename(id, title))}
        />
      )}
      {open === "leave" && (
        <ConfirmDialog
          title={texts.details.leaveQuestion}
          action={texts.details.leave}
          onClose={close}
          onConfirm={() =>
            void chat.notices.attempt(async () => {
              await manager.leave(id);
              navigate({ view: "home" }, { replace: true });
            })
          }
        />
      )}
    </div>
  );
}
