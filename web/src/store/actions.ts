import { ConnectionStatus } from "../client/connection";
import { Conversation, GroupNotice, Id, Message, ServerEvent, SettingsWish, SyncAnswer, User } from "../client/types";
import { Act } from "./act";
import { NoticePlace } from "./notices";
import { Draft, Ending, Notice, PendingMessage, UploadTask } from "./state";
import { PageKind } from "./timeline";

/** Everything that changes the state. */
export type Action =
  | { type: "signedIn"; user: User }
  /** `ending` tells why, if it was the server that ended the session. */
  | { type: "signedOut"; ending?: Ending }
  | { type: "clock"; now: number }
  | { type: "blocked"; ids: readonly Id[] }
  | { type: "meChanged"; user: User }
  /** People as the server shows them. If they are not new, only those who are held are updated. */
  | { type: "people"; users: readonly User[]; isNew: boolean }
  | { type: "connection"; status: ConnectionStatus }
  | { type: "conversations"; conversations: readonly Conversation[]; isComplete: boolean }
  /** `isListed`: it belongs into the user's list, even if it was hidden. */
  | { type: "conversation"; conversation: Conversation; isListed: boolean }
  /** What the user changes of their settings of a conversation, before the server answers; or takes back, if it refuses. */
  | { type: "settingsWished"; conversationId: Id; wish: SettingsWish }
  | { type: "conversationGone"; id: Id }
  /** `isLive`: the connection has synced, so that events alone keep the state complete. */
  | { type: "event"; event: ServerEvent; isLive: boolean; now: number }
  /** `known` are the revisions that were asked from. */
  | { type: "synced"; answer: SyncAnswer; known: Readonly<Record<Id, number>> }
  /** All changes up to `revision` have been applied. */
  | { type: "caughtUp"; conversationId: Id; revision: number }
  | { type: "messages"; conversationId: Id; messages: readonly Message[] }
  | { type: "loadStarted"; conversationId: Id; kind: PageKind["kind"] }
  | { type: "loadFailed"; conversationId: Id }
  | { type: "pageLoaded"; conversationId: Id; page: PageKind; messages: readonly Message[] }
  /** All that happened to a group between two places of its history. */
  | { type: "groupNotices"; conversationId: Id; notices: readonly GroupNotice[]; from: NoticePlace; to: NoticePlace }
  | { type: "readHere"; conversationId: Id; seq: number }
  /** Messages that a view shows outside of a timeline. */
  | { type: "kept"; messages: readonly Message[] }
  /** Too much has changed to follow it: such messages are to be fetched again. */
  | { type: "keptDropped"; conversationId: Id }
  | { type: "typingExpired"; now: number }
  | { type: "pendingAdded"; pending: PendingMessage }
  | { type: "pendingChanged"; clientId: string; changes: Partial<PendingMessage> }
  | { type: "pendingRemoved"; clientId: string }
  | { type: "actChanged"; act: Act }
  | { type: "actRemoved"; act: Act }
  | { type: "actsMoved"; clientId: string; target: Id }
  | { type: "titleKept"; conversationId: Id; title: string }
  | { type: "uploadAdded"; task: UploadTask }
  | { type: "uploadChanged"; id: string; changes: Partial<UploadTask> }
  | { type: "uploadRemoved"; id: string }
  | { type: "draftChanged"; conversationId: Id; draft: Draft }
  | { type: "noticeAdded"; notice: Notice }
  | { type: "noticeRemoved"; id: number };
