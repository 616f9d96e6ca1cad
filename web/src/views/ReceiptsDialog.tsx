import { Conversation, Message, User } from "../client/types";
import { receipts } from "../store/receipts";
import * as texts from "../texts";
import { Avatar } from "./Avatar";
import { useStore } from "./context";
import { Dialog } from "./Dialog";
import { useProfiles } from "./usePeople";

/** Who has read the user's message in a group, and whom it has reached. It follows the marks while it is open. */
export function ReceiptsDialog({ message, conversation, onClose }: { message: Message; conversation: Conversation; onClose(): void }) {
  const present = useStore((state) => state.conversations[conversation.id]) ?? conversation;
  const { read = [], delivered = [], sent = [] } = receipts(message, present) ?? {};
  return (
    <Dialog title={texts.receipts.title} onClose={onClose}>
      <People title={texts.receipts.read} users={read} />
      <People title={texts.receipts.delivered} users={delivered} />
      <People title={texts.receipts.sent} users={sent} />
      <div className="dialog-actions">
        <button type="button" className="button" onClick={onClose}>
          {texts.close}
        </button>
      </div>
    </Dialog>
  );
}

function People({ title, users }: { title: string; users: readonly User[] }) {
  const profiles = useProfiles(users);
  if (users.length === 0) return null;
  return (
    <section aria-label={title}>
      <h3 className="receipts-title">
        {title} <span>{users.length}</span>
      </h3>
      <ul>
        {profiles.map((user) => (
          <li key={user.id} className="person">
            <Avatar user={user} size="small" />
            <bdi className="person-name">{user.displayName}</bdi>
          </li>
        ))}
      </ul>
    </section>
  );
}
