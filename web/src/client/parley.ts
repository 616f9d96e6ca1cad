import { basePath } from "../lib/basePath";
import { Connection, ConnectionHandler } from "./connection";
import { lateTransport, OpenTransport, webSocketTransport } from "./engine";
import { NetworkError } from "./errors";
import { Fetch, HttpClient, query } from "./http";
import { LogoutMemory, Session, SignedInHint } from "./session";
import { tabSharing } from "./sharing";
import {
  Answers,
  Conversation,
  ConversationPage,
  Id,
  Message,
  MessagePage,
  OutgoingMessage,
  SyncAnswer,
  User,
} from "./types";
import type { Uploader } from "./uploader";

/** What the first view does without. */
export interface Later {
  Uploader: typeof Uploader;
  pollingTransport(base: string, doFetch: typeof fetch): OpenTransport;
}

/** A Parley server: every route and event that the page uses, with its types. */
export class Parley {
  readonly session: Session;
  readonly http: HttpClient;
  private connection: Connection | undefined;
  private loading: Promise<Uploader> | undefined;

  /** `base` is the server's address: its origin, and the path below which it is. `later` fetches what the first view does without. */
  constructor(
    private readonly base: string,
    hint: SignedInHint,
    unconfirmedLogout: LogoutMemory,
    private readonly later: () => Promise<Later>,
  ) {
    const doFetch: Fetch = (path, init) => fetch(basePath + path, init);
    const sharing = tabSharing();
    this.session = new Session(hint, doFetch, Date.now, unconfirmedLogout, (refresh) => sharing.run(refresh));
    sharing.onAnswer = (answer) => this.session.adopt(answer);
    this.http = new HttpClient(this.session, doFetch);
  }

  // Real time

  connect(handler: ConnectionHandler): void {
    this.connection?.stop();
    const polling = lateTransport(async () => (await this.later()).pollingTransport(this.base, (...call) => fetch(...call)));
    const transports = [webSocketTransport(this.base), polling] as const;
    this.connection = new Connection(transports, this.session, handler);
    this.connection.start();
  }

  disconnect(): void {
    this.connection?.stop();
    this.connection = undefined;
  }

  /** Finds out at once whether the connection works, and replaces one that does not. */
  probe(): void {
    this.connection?.probe();
  }

  /** Gives up the connection, because the network is gone, and tries for another one. */
  drop(): void {
    this.connection?.drop();
  }

  async send(message: OutgoingMessage): Promise<Message> {
    return (await this.request<{ message: Message }>("message:send", message)).message;
  }

  async edit(messageId: Id, text: string): Promise<Message> {
    return (await this.request<{ message: Message }>("message:edit", { messageId, text })).message;
  }

  async deleteMessage(messageId: Id): Promise<Message> {
    return (await this.request<{ message: Message }>("message:delete", { messageId })).message;
  }

  async react(messageId: Id, emoji: string, add: boolean): Promise<Message> {
    return (await this.request<{ message: Message }>("message:react", { messageId, emoji, add })).message;
  }

  markDelivered(conversationId: Id, seq: number): Promise<unknown> {
    return this.request("message:delivered", { conversationId, seq });
  }

  markRead(conversationId: Id, seq: number): Promise<unknown> {
    return this.request("message:read", { conversationId, seq });
  }

  typing(conversationId: Id, active: boolean): Promise<unknown> {
    return this.request("typing", { conversationId, active });
  }

  /** Everything that has changed since the given revisions; with a `cursor`, also marks and profiles since then. */
  async sync(known: Record<Id, number>, cursor?: string): Promise<SyncAnswer> {
    // During an upgrade, a server of the version before knows no marks, people and cursors.
    return { marks: [], users: [], ...(await this.request<Partial<SyncAnswer>>("sync", { known, cursor })) } as SyncAnswer;
  }

  // Files

  /** What uploads files. It is not part of the first view. */
  uploader(): Promise<Uploader> {
    this.loading ??= this.later().then(({ Uploader }) => new Uploader(this.http, this.session, basePath));
    this.loading.catch(() => {
      this.loading = undefined;
    });
    return this.loading.catch((error: unknown) => {
      throw new NetworkError(String(error));
    });
  }

  // People

  user(id: Id): Promise<User> {
    return this.http.get<Answers["showUser"]>(`/users/${id}`);
  }

  async blocked(): Promise<User[]> {
    return (await this.http.get<Answers["listBlocked"]>("/users/blocked")).users;
  }

  block(id: Id, isBlocked: boolean): Promise<void> {
    const path = `/users/${id}/block`;
    return isBlocked ? this.http.put<void>(path) : this.http.delete<void>(path);
  }

  // Conversations

  conversations(cursor?: string): Promise<ConversationPage> {
    return this.http.get<Answers["listConversations"]>(query("/conversations", { cursor, limit: 100 }));
  }

  conversation(id: Id): Promise<Conversation> {
    return this.http.get<Answers["showConversation"]>(`/conversations/${id}`);
  }

  // Messages

  history(conversationId: Id, bounds: { before?: number; after?: number; limit: number }): Promise<MessagePage> {
    return this.http.get<Answers["listMessages"]>(query("/messages", { conversationId, ...bounds }));
  }

  /** What happened to a group beside its messages. */
  notices(id: Id, bounds: { after: number; before: number | undefined; cursor: string | undefined }): Promise<Answers["listNotices"]> {
    return this.http.get<Answers["listNotices"]>(query(`/conversations/${id}/notices`, { ...bounds, limit: 200 }));
  }

  changes(conversationId: Id, sinceRevision: number): Promise<MessagePage> {
    return this.http.get<Answers["listMessages"]>(query("/messages", { conversationId, sinceRevision, limit: 200 }));
  }

  async message(id: Id): Promise<Message> {
    return (await this.http.get<Answers["showMessage"]>(`/messages/${id}`)).message;
  }

  private request<T>(event: string, payload: unknown): Promise<T> {
    if (this.connection === undefined) return Promise.reject(new NetworkError("signed out"));
    return this.connection.request<T>(event, payload);
  }
}
