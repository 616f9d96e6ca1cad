import { ApiError } from "./errors";
import { HttpClient, query } from "./http";
import { NewConversation } from "./schemas";
import { Answers, Conversation, Device, Id, MemberPage, Message, MessagePage, MyChanges, Role, SettingsWish, SharedPage, User } from "./types";

/** The routes that reading and writing do without: they manage accounts, people and groups, and find things. */
export class Routes {
  constructor(private readonly http: HttpClient) {}

  updateMe(changes: MyChanges): Promise<User> {
    return this.http.patch<Answers["changeMe"]>("/auth/me", changes);
  }

  changePassword(currentPassword: string, newPassword: string): Promise<void> {
    return this.http.post<void>("/auth/password", { currentPassword, newPassword });
  }

  async devices(): Promise<Device[]> {
    return (await this.http.get<Answers["listSessions"]>("/auth/sessions")).sessions;
  }

  revokeDevice(id: Id): Promise<void> {
    return this.http.delete<void>(`/auth/sessions/${id}`);
  }

  async findUsers(text: string, signal?: AbortSignal): Promise<User[]> {
    return (await this.http.get<Answers["findUsers"]>(query("/users", { query: text, limit: 20 }), signal)).users;
  }

  startDirect(userId: Id): Promise<Conversation> {
    return this.makeConversation({ kind: "direct", userId });
  }

  startGroup(group: { title: string; visibility: "private" | "public"; memberIds: Id[] }): Promise<Conversation> {
    return this.makeConversation({ kind: "group", ...group });
  }

  private makeConversation(body: NewConversation): Promise<Conversation> {
    return this.http.post<Answers["makeConversation"]>("/conversations", body);
  }

  async publicGroups(text: string, signal?: AbortSignal): Promise<Conversation[]> {
    const path = query("/conversations/public", { query: text });
    return (await this.http.get<Answers["listPublicGroups"]>(path, signal)).conversations;
  }

  rename(id: Id, title: string): Promise<Conversation> {
    return this.http.patch<Answers["renameGroup"]>(`/conversations/${id}`, { title });
  }

  join(id: Id): Promise<Conversation> {
    return this.http.post<Answers["joinGroup"]>(`/conversations/${id}/join`);
  }

  accept(id: Id): Promise<Conversation> {
    return this.http.post<Answers["acceptInvitation"]>(`/conversations/${id}/accept`);
  }

  hide(id: Id): Promise<void> {
    return this.http.post<void>(`/conversations/${id}/hide`);
  }

  setAttention(id: Id, wish: SettingsWish): Promise<Conversation> {
    return this.http.patch<Answers["setAttention"]>(`/conversations/${id}/me`, wish);
  }

  leave(id: Id): Promise<void> {
    return this.http.post<void>(`/conversations/${id}/leave`);
  }

  members(id: Id, cursor?: string): Promise<MemberPage> {
    return this.http.get<Answers["listMembers"]>(query(`/conversations/${id}/members`, { cursor, limit: 100 }));
  }

  addMembers(id: Id, userIds: Id[]): Promise<Conversation> {
    return this.http.post<Answers["addMembers"]>(`/conversations/${id}/members`, { userIds });
  }

  setRole(id: Id, userId: Id, role: Role): Promise<Conversation> {
    return this.http.patch<Answers["setRole"]>(`/conversations/${id}/members/${userId}`, { role });
  }

  removeMember(id: Id, userId: Id): Promise<void> {
    return this.http.delete<void>(`/conversations/${id}/members/${userId}`);
  }

  /** What was shared: before or after a message, or on from where a page ended. */
  shared(id: Id, kind: string, place: { before?: number; after?: number; cursor?: string; limit: number }): Promise<SharedPage> {
    return this.http.get<Answers["listShared"]>(query(`/conversations/${id}/media`, { kind, ...place }));
  }

  async message(id: Id): Promise<Message> {
    return (await this.http.get<Answers["showMessage"]>(`/messages/${id}`)).message;
  }

  report(id: Id, reason: string): Promise<void> {
    return this.http.post<void>(`/messages/${id}/report`, { reason });
  }

  /** Answers nothing for a text that the server refuses because it has no word to look for. */
  async search(q: string, options: { conversationId?: Id; before?: string }, signal?: AbortSignal): Promise<MessagePage> {
    try {
      return await this.http.get<Answers["searchMessages"]>(query("/messages/search", { q, ...options, limit: 30 }), signal);
    } catch (error) {
      if (error instanceof ApiError && error.field === "q") return { messages: [], hasMore: false };
      throw error;
    }
  }
}
