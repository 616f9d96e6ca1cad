import { ConnectionStatus } from "../client/connection";
import { Conversation, Id, Message, Role, ServerEvent, SyncAnswer, User } from "../client/types";
import { Act } from "./act";
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
  | { type: "ownRole"; conversationId: Id; role: Role }
  | { type: "connection"; status: ConnectionStatus }
  | { type: "conversations"; conversations: readonly Conversation[]; isComplete: boolean }
  | { type: "conversation"; conversation: Conversation }
  | { type: "conversationGone"; id: Id }
  /** `isLive`: the connection has synced, so that events alone keep the state complete. */
  | { type: "event"; event: ServerEvent; isLive: boolean; now: number }
  | { type: "synced"; answer: SyncAnswer }
  /** All changes up to `revision` have been applied. */
  | { type: "caughtUp"; conversationId: Id; revision: number }
  | { type: "messages"; conversationId: Id; messages: readonly Message[] }
  | { type: "loadStarted"; conversationId: Id; kind: PageKind["kind"] }
  | { type: "loadFailed"; conversationId: Id }
  | { type: "pageLoaded"; conversationId: Id; page: PageKind; messages: readonly Message[] }
  | { type: "readHere"; conversationId: Id; seq: number }
  | { type: "quoted"; message: Message }
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
