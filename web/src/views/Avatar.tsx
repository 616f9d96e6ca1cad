import { Conversation, Id, User } from "../client/types";
import { initials, stableIndex } from "../lib/format";
import { partner } from "../store/state";
import { isQuiet } from "../store/status";
import { useStore } from "./context";
import { Icon } from "./icons";

interface AvatarProps {
  user: Pick<User, "id" | "displayName"> & Partial<Pick<User, "avatar" | "doNotDisturb">>;
  size?: "tiny" | "small" | "medium" | "large";
  showsPresence?: boolean;
}

const colors = 8;

/** A person's picture, or their initials on a color of their own. It is decoration: the name is always next to it. */
export function Avatar({ user, size = "medium", showsPresence = false }: AvatarProps) {
  const isOnline = useStore((state) => showsPresence && state.online[user.id] === true);
  const isDisturbing = useStore((state) => !showsPresence || !isQuiet(user, state.now));
  const picture = user.avatar?.thumbnails.find((thumbnail) => thumbnail.size === (size === "large" ? "medium" : "small"));
  const url = picture?.url ?? user.avatar?.url;
  return (
    <span className={`avatar avatar-${size} avatar-color-${stableIndex(user.id, colors)}`} aria-hidden="true">
      {url === undefined ? initials(user.displayName) : <img src={url} alt="" draggable={false} />}
      {isDisturbing ? (
        isOnline && <span className="presence" />
      ) : (
        <span className={`presence is-quiet ${isOnline ? "" : "is-away"}`}>
          <Icon name="bellOff" size={size === "large" ? 14 : 10} />
        </span>
      )}
    </span>
  );
}

export function ConversationAvatar({ conversation, size = "medium" }: { conversation: Conversation; size?: "small" | "medium" | "large" }) {
  const meId = useStore((state) => state.me?.id);
  const other = partner(conversation, meId);
  if (other !== undefined) return <Avatar user={other} size={size} showsPresence />;
  return <GroupAvatar id={conversation.id} title={conversation.title ?? ""} size={size} />;
}

export function GroupAvatar({ id, title, size = "medium" }: { id: Id; title: string; size?: "small" | "medium" | "large" }) {
  return (
    <span className={`avatar avatar-${size} avatar-group avatar-color-${stableIndex(id, colors)}`} aria-hidden="true">
      {title === "" ? <Icon name="group" /> : initials(title)}
    </span>
  );
}
