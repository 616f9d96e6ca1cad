import { Routes } from "../client/routes";
import { Conversation, Device, Id, MemberPage, Message, MessagePage, MyChanges, Role, User } from "../client/types";
import { characters, fits, limits } from "../rules/limits";
import { Store } from "../store/store";
import { Attention } from "./attention";
import type { Chat } from "./chat";

/** What is done in views that are loaded later: with the account, with people and groups, and to find things. */
export class Managing {
  readonly attention: Attention;
  private readonly routes: Routes;
  private readonly store: Store;
  /** Ends with the last change of the account. */
  private updating: Promise<void> = Promise.resolve();

  constructor(private readonly chat: Chat) {
    this.routes = new Routes(chat.parley.http);
    this.store = chat.store;
    this.attention = new Attention(this.routes, this.store, chat.notices, chat.reading);
  }

  // The account

  /** One change after the other: each replaces whole fields, and the last one asked for has to be the one that holds. */
  updateMe(changes: MyChanges): Promise<void> {
    const done = this.updating.then(async () => this.store.dispatch({ type: "meChanged", user: await this.routes.updateMe(changes) }));
    this.updating = done.catch(() => {});
    return done;
  }

  async setAvatar(file: File): Promise<void> {
    const uploader = await this.chat.parley.uploader();
    const upload = await uploader.upload(file, {
      signal: new AbortController().signal,
      onProgress: () => {},
      untilOnline: (delay) => new Promise((resolve) => setTimeout(resolve, delay)),
    });
    await this.updateMe({ avatarUploadId: upload.id });
  }

  changePassword(current: string, next: string): Promise<void> {
    return this.routes.changePassword(current, next);
  }

  devices(): Promise<Device[]> {
    return this.routes.devices();
  }

  revokeDevice(id: Id): Promise<void> {
    return this.routes.revokeDevice(id);
  }

  // Finding

  /** People whose name begins with `text`, without the user. */
  async findPeople(text: string, signal?: AbortSignal): Promise<User[]> {
    if (!fits(characters(text), limits.nameQuery)) return [];
    const users = await this.routes.findUsers(text, signal);
    this.store.dispatch({ type: "people", users, isNew: false });
    return users.filter(({ id }) => id !== this.store.state.me?.id);
  }

  async publicGroups(text: string, signal?: AbortSignal): Promise<Conversation[]> {
    if (!fits(characters(text), limits.nameQuery)) return [];
    return this.routes.publicGroups(text, signal);
  }

  async members(id: Id, cursor?: string): Promise<MemberPage> {
    const page = await this.routes.members(id, cursor);
    this.store.dispatch({ type: "people", users: page.members.map(({ user }) => user), isNew: false });
    return page;
  }

  async search(text: string, options: { conversationId?: Id; before?: Id }, signal?: AbortSignal): Promise<MessagePage> {
    const page = await this.routes.search(text, options, signal);
    this.store.dispatch({ type: "kept", messages: page.messages });
    return page;
  }

  // People, conversations and messages

  /** The direct conversation with a person; it is created if there is none. */
  async startDirect(userId: Id): Promise<Conversation> {
    return this.known(await this.routes.startDirect(userId));
  }

  async startGroup(group: { title: string; visibility: "private" | "public"; memberIds: Id[] }): Promise<Conversation> {
    return this.known(await this.routes.startGroup(group));
  }

  async join(id: Id): Promise<Conversation> {
    return this.known(await this.routes.join(id));
  }

  async accept(id: Id): Promise<void> {
    this.known(await this.routes.accept(id));
    this.chat.confirmDelivery();
  }

  async leave(id: Id): Promise<void> {
    await this.routes.leave(id);
    this.store.dispatch({ type: "conversationGone", id });
  }

  /** Takes a direct conversation out of the list. A message brings it back. */
  async hide(id: Id): Promise<void> {
    await this.routes.hide(id);
    this.store.dispatch({ type: "conversationGone", id });
  }

  async rename(id: Id, title: string): Promise<void> {
    this.known(await this.routes.rename(id, title));
  }

  async addMembers(id: Id, userIds: Id[]): Promise<void> {
    this.known(await this.routes.addMembers(id, userIds));
  }

  async removeMember(id: Id, userId: Id): Promise<void> {
    await this.routes.removeMember(id, userId);
    await this.chat.conversations.refresh(id);
  }

  async changeRole(id: Id, userId: Id, role: Role): Promise<void> {
    this.known(await this.routes.setRole(id, userId, role));
  }

  private known(conversation: Conversation): Conversation {
    this.store.dispatch({ type: "conversation", conversation, isListed: true });
    return conversation;
  }

  report(message: Message, reason: string): Promise<void> {
    return this.routes.report(message.id, reason);
  }
}

const made = new WeakMap<Chat, Managing>();

/** The one that belongs to a chat. */
export function managing(chat: Chat): Managing {
  const present = made.get(chat) ?? new Managing(chat);
  made.set(chat, present);
  return present;
}
