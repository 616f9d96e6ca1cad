import { OpenTransport, TransportHandler } from "../src/client/engine";
import { Conversation, Message, User } from "../src/client/types";

/** A promise, and the function that resolves it. */
export function deferred<T = void>() {
  let resolve!: (value: T) => void;
  const promise = new Promise<T>((fulfil) => {
    resolve = fulfil;
  });
  return { promise, resolve };
}

/** The server's side of the transports that a client opens. */
export class FakeServer {
  readonly links: FakeLink[] = [];
  private readonly arrivals: ((link: FakeLink) => void)[] = [];

  readonly open: OpenTransport = (handler) => {
    const link = new FakeLink(handler);
    this.links.push(link);
    this.arrivals.shift()?.(link);
    return { send: (packet) => link.received(packet), close: () => link.drop("closed here") };
  };

  /** The next transport that the client opens. */
  next(): Promise<FakeLink> {
    return new Promise((resolve) => this.arrivals.push(resolve));
  }
}

export class FakeLink {
  readonly packets: string[] = [];
  readonly closed = deferred<string>();
  private readonly waiting: ((packet: string) => void)[] = [];
  private isClosed = false;

  constructor(private readonly handler: TransportHandler) {}

  received(packet: string): void {
    const waiting = this.waiting.shift();
    if (waiting === undefined) this.packets.push(packet);
    else waiting(packet);
  }

  /** The next packet that the client sends. */
  packet(): Promise<string> {
    const present = this.packets.shift();
    if (present !== undefined) return Promise.resolve(present);
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  say(packet: string): void {
    this.handler.onPacket(packet);
  }

  drop(reason: string): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.closed.resolve(reason);
    this.handler.onClose(reason);
  }

  /** Completes the Engine.IO and Socket.IO handshakes. Answers the client's connect packet. */
  async accept(): Promise<string> {
    this.say('0{"sid":"e","pingInterval":60000,"pingTimeout":60000}');
    const connect = await this.packet();
    this.say('40{"sid":"s"}');
    return connect;
  }

  /** Acknowledges the next event and returns it. */
  async acknowledge(answer: unknown): Promise<[string, unknown]> {
    const match = /^42(\d+)(.*)$/s.exec(await this.packet());
    if (match === null) throw new Error("no event");
    this.say(`43${match[1] ?? ""}${JSON.stringify([answer])}`);
    return JSON.parse(match[2] ?? "") as [string, unknown];
  }
}

export const ana: User = { id: "ana", username: "ana", displayName: "Ana", createdAt: "2026-01-01T00:00:00.000Z" };
export const bo: User = { id: "bo", username: "bo", displayName: "Bo", createdAt: "2026-01-01T00:00:00.000Z" };

export function message(seq: number, changes: Partial<Message> = {}): Message {
  return {
    id: `m${seq}`,
    conversationId: "c",
    seq,
    revision: seq,
    sender: { id: "bo", username: "bo", displayName: "Bo" },
    text: `text ${seq}`,
    attachments: [],
    reactions: [],
    status: "sent",
    createdAt: new Date(Date.UTC(2026, 0, 1, 12, 0, seq)).toISOString(),
    ...changes,
  };
}

export function messages(from: number, to: number): Message[] {
  return Array.from({ length: to - from + 1 }, (_, index) => message(from + index));
}

/** A member's own settings of a conversation, as everybody has them at first. */
export const settings = { notifications: "all", pinned: false, archived: false, markedUnread: false, settingsVersion: 0 } as const;

export function conversation(changes: Partial<Conversation> = {}): Conversation {
  return {
    id: "c",
    kind: "direct",
    members: [
      { user: ana, role: "member", deliveredSeq: 0, readSeq: 0 },
      { user: bo, role: "member", deliveredSeq: 0, readSeq: 0 },
    ],
    memberCount: 2,
    me: { ...settings, role: "member", deliveredSeq: 0, readSeq: 0 },
    lastSeq: 0,
    revision: 1,
    unreadCount: 0,
    unreadMentions: 0,
    createdAt: "2026-01-01T00:00:00.000Z",
    updatedAt: "2026-01-01T00:00:00.000Z",
    ...changes,
  };
}

/** A `fetch` that answers from a list and records its calls. */
export function fakeFetch(answers: { status: number; body?: unknown; headers?: Record<string, string> }[]) {
  const calls: { path: string; init: RequestInit }[] = [];
  const doFetch = ((path: string, init: RequestInit) => {
    calls.push({ path, init });
    const answer = answers.shift();
    if (answer === undefined) return Promise.reject(new TypeError("offline"));
    const { status, body, headers = {} } = answer;
    return Promise.resolve(new Response(body === undefined ? null : JSON.stringify(body), { status, headers }));
  }) as typeof fetch;
  return { doFetch, calls };
}

export const constantToken = { token: () => Promise.resolve("t"), renew: () => Promise.resolve("t2") };
