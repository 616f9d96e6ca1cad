import { useCallback, useEffect, useRef, useState } from "react";
import { navigate } from "../app/router";
import { Conversation, Id, Member, Role, User } from "../client/types";
import { changeRole, removeMember, Standing } from "../rules/permissions";
import * as texts from "../texts";
import { Avatar } from "./Avatar";
import { useChat, useStore } from "./context";
import { IconButton } from "./controls";
import { MenuItem, Popover } from "./Popover";
import { Quiet, Status } from "./Status";
import { useStanding } from "./useStanding";
import { useProfiles } from "./usePeople";
import { useManaging } from "./useManaging";

/** The members of a group, with what the user may do about each of them. */
export function MemberList({ conversation }: { conversation: Conversation }) {
  const chat = useChat();
  const manager = useManaging();
  const { id, revision } = conversation;
  const meId = useStore((state) => state.me?.id);
  const standing = useStanding(conversation);
  const [further, setFurther] = useState<{ members: readonly Member[]; cursor?: string }>({ members: [] });
  const [isAsked, setAsked] = useState(false);

  // The conversation carries the first 50. The others are loaded in pages.
  const loadMore = useCallback(
    (cursor?: string) =>
      void chat.notices.attempt(async () => {
        const page = await manager.members(id, cursor);
        setFurther((present) => ({
          members: cursor === undefined ? page.members : [...present.members, ...page.members],
          ...(page.nextCursor === undefined ? {} : { cursor: page.nextCursor }),
        }));
      }),
    [chat, manager, id],
  );
  useEffect(() => {
    if (isAsked) loadMore();
  }, [isAsked, loadMore, revision]);

  const members = further.members.length > 0 ? further.members : conversation.members;
  const profiles = useProfiles(members.map(({ user }) => user));
  const hasMore = isAsked ? further.cursor !== undefined : conversation.memberCount > conversation.members.length;
  return (
    <section aria-label={texts.details.members}>
      <h2>{texts.details.members}</h2>
      <ul>
        {members.map(({ role, user: listed }, index) => {
          const user = profiles[index] ?? listed;
          return (
            <li key={user.id} className="person is-static">
              <Avatar user={user} showsPresence />
              <span className="person-text">
                <bdi className="person-name">
                  {user.displayName}
                  {user.id === meId && ` (${texts.you})`}
                </bdi>
                <span className="person-note">
                  @{user.username}
                  <Quiet user={user} before=" · " />
                  <Status user={user} before=" · " />
                </span>
              </span>
              <span className="role">{user.closed === true ? texts.details.closed : texts.details.roles[role]}</span>
              {user.id !== meId && <MemberMenu conversationId={id} user={user} role={role} standing={standing} />}
            </li>
          );
        })}
      </ul>
      {hasMore && (
        <button type="button" className="button wide" onClick={() => (isAsked ? loadMore(further.cursor) : setAsked(true))}>
          {texts.details.more}
        </button>
      )}
    </section>
  );
}

interface MenuProps {
  conversationId: Id;
  user: User;
  role: Role;
  standing: Standing;
}

function MemberMenu({ conversationId, user, role, standing }: MenuProps) {
  const chat = useChat();
  const manager = useManaging();
  const button = useRef<HTMLButtonElement>(null);
  const [isOpen, setOpen] = useState(false);
  const close = useCallback(() => setOpen(false), []);
  const canChangeRole = changeRole(standing) === undefined;
  const isBlocked = useStore((state) => state.blocked[user.id] === true);
  const act = (work: () => Promise<unknown>) => () => {
    close();
    void chat.notices.attempt(work);
  };
  const setRole = (next: Role) => act(() => manager.changeRole(conversationId, user.id, next));
  const message = () => {
    close();
    void chat.notices.attempt(async () => navigate({ view: "conversation", id: (await manager.startDirect(user.id)).id }));
  };
  return (
    <>
      <IconButton
        ref={button}
        icon="more"
        label={texts.details.memberActions(user.displayName)}
        aria-haspopup="menu"
        aria-expanded={isOpen}
        onClick={() => setOpen(!isOpen)}
      />
      {isOpen && (
        <Popover anchor={button} label={texts.details.memberActions(user.displayName)} onClose={close}>
          <MenuItem label={texts.details.message} onSelect={message} />
          <MenuItem
            label={isBlocked ? texts.block.unblock : texts.block.block(user.displayName)}
            onSelect={act(() => chat.people.block(user.id, !isBlocked))}
          />
          {canChangeRole && role !== "admin" && <MenuItem label={texts.details.makeAdmin} onSelect={setRole("admin")} />}
          {canChangeRole && role !== "member" && <MenuItem label={texts.details.makeMember} onSelect={setRole("member")} />}
          {canChangeRole && role !== "owner" && <MenuItem label={texts.details.makeOwner} onSelect={setRole("owner")} />}
          {removeMember(standing, role) === undefined && (
            <MenuItem label={texts.details.removeMember} onSelect={act(() => manager.removeMember(conversationId, user.id))} isDanger />
          )}
        </Popover>
      )}
    </>
  );
}
