/** Socket.IO protocol 5 on the main namespace, without binary packets. */
import { Engine, OpenTransport } from "./engine";
import { ApiError, Ban, NetworkError } from "./errors";

export type Packet =
  | { type: "connect"; data: unknown }
  | { type: "disconnect" }
  | { type: "event"; id?: number; args: unknown[] }
  | { type: "ack"; id: number; args: unknown[] }
  | { type: "refused"; data: unknown };

const digits: Record<Packet["type"], string> = { connect: "0", disconnect: "1", event: "2", ack: "3", refused: "4" };

export function encodePacket(packet: Packet): string {
  const start = digits[packet.type];
  switch (packet.type) {
    case "connect":
    case "refused":
      return start + JSON.stringify(packet.data);
    case "disconnect":
      return start;
    case "event":
    case "ack":
      return start + (packet.id ?? "") + JSON.stringify(packet.args);
  }
}

/** The packet, or undefined if this client does not understand it. */
export function decodePacket(text: string): Packet | undefined {
  // Type, an optional namespace (only "/" is ours), an optional acknowledgement id, and the payload.
  const match = /^([0-4])(?:\/,)?(\d*)(.*)$/s.exec(text);
  if (match === null) return undefined;
  const [, type, id, payload] = match;
  let data: unknown;
  try {
    data = payload === "" ? undefined : JSON.parse(payload ?? "");
  } catch {
    return undefined;
  }
  switch (type) {
    case "0":
      return { type: "connect", data };
    case "1":
      return { type: "disconnect" };
    case "4":
      return { type: "refused", data };
    case "2":
      if (!Array.isArray(data)) return undefined;
      return id === "" ? { type: "event", args: data } : { type: "event", id: Number(id), args: data };
    default:
      return Array.isArray(data) && id !== "" ? { type: "ack", id: Number(id), args: data } : undefined;
  }
}

export interface SocketHandler {
  onConnect(): void;
  onEvent(name: string, payload: unknown): void;
  /** Called once. `refusal` is the code of a `connect_error`, which tells of a ban. */
  onClose(reason: string, refusal?: string, banned?: Ban): void;
}

interface Waiting {
  resolve(answer: unknown): void;
  reject(error: Error): void;
  timer: ReturnType<typeof setTimeout>;
}

/** How long the server may take to accept a connection, in milliseconds. A heartbeat alone does not make it usable. */
const connectTimeout = 30_000;

/** One Socket.IO connection. It does not reconnect. */
export class Socket {
  private readonly engine: Engine;
  private readonly waiting = new Map<number, Waiting>();
  private nextId = 0;
  private refusal: string | undefined;
  private banned: Ban | undefined;
  private isConnected = false;
  private connectTimer: ReturnType<typeof setTimeout> | undefined;
  private heard: (() => void) | undefined;

  constructor(open: OpenTransport, token: string, private readonly handler: SocketHandler, patience = connectTimeout) {
    this.engine = new Engine(open, {
      onOpen: () => {
        this.connectTimer = setTimeout(() => this.close(), patience);
        this.engine.send(encodePacket({ type: "connect", data: { token, joinedMarks: true } }));
      },
      onMessage: (text) => this.receive(text),
      onClose: (reason) => this.finish(reason),
    });
  }

  /**
   * Emits an event and waits for its acknowledgement.
   * @throws ApiError when the answer is `ok: false`; NetworkError when none comes within `timeout` milliseconds.
   */
  request<T>(event: string, payload: unknown, timeout: number): Promise<T> {
    if (!this.isConnected) return Promise.reject(new NetworkError("not connected"));
    return new Promise<T>((resolve, reject) => {
      const id = this.nextId++;
      const timer = setTimeout(() => {
        // No answer for this long means that the connection is dead. Closing it leads to a new one.
        this.settle(id)?.reject(new NetworkError(`no answer to ${event}`));
        this.close();
      }, timeout);
      this.waiting.set(id, { resolve: (answer) => resolve(answer as T), reject, timer });
      this.engine.send(encodePacket({ type: "event", id, args: [event, payload] }));
    });
  }

  /** Whether anything arrives within `timeout` milliseconds of asking the server for an answer. */
  probe(timeout: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), timeout);
      this.heard = () => {
        clearTimeout(timer);
        resolve(true);
      };
      // The server knows no such event, and says so. That is as good as any answer.
      this.engine.send(encodePacket({ type: "event", id: this.nextId++, args: ["probe", {}] }));
    });
  }

  close(): void {
    this.engine.close();
  }

  private receive(text: string): void {
    this.heard?.();
    const packet = decodePacket(text);
    switch (packet?.type) {
      case "connect":
        clearTimeout(this.connectTimer);
        this.isConnected = true;
        this.handler.onConnect();
        break;
      case "event":
        if (typeof packet.args[0] === "string") this.handler.onEvent(packet.args[0], packet.args[1]);
        break;
      case "ack":
        this.answer(packet.id, packet.args[0]);
        break;
      case "refused": {
        const { code = "unavailable", banned } = (packet.data as { data?: { code?: string; banned?: Ban } } | undefined)?.data ?? {};
        this.refusal = code;
        this.banned = banned;
        this.close();
        break;
      }
      case "disconnect":
        this.close();
        break;
    }
  }

  private answer(id: number, body: unknown): void {
    const waiting = this.settle(id);
    const answer = body as { ok?: boolean; error?: { code?: string; detail?: string; field?: string; retryAfter?: number } } | undefined;
    if (answer?.ok === true) {
      waiting?.resolve(answer);
    } else {
      const { code = "internal", detail = "", field, retryAfter } = answer?.error ?? {};
      waiting?.reject(new ApiError(0, code, detail, field, retryAfter));
    }
  }

  private settle(id: number): Waiting | undefined {
    const waiting = this.waiting.get(id);
    if (waiting !== undefined) clearTimeout(waiting.timer);
    this.waiting.delete(id);
    return waiting;
  }

  private finish(reason: string): void {
    clearTimeout(this.connectTimer);
    this.isConnected = false;
    for (const id of [...this.waiting.keys()]) this.settle(id)?.reject(new NetworkError(reason));
    this.handler.onClose(reason, this.refusal, this.banned);
  }
}
