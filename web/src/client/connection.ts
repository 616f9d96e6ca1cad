import { Backoff } from "./backoff";
import { OpenTransport } from "./engine";
import { ApiError, NetworkError } from "./errors";
import { TokenSource } from "./http";
import { Socket } from "./socket";
import { ServerEvent } from "./types";

export type ConnectionStatus = "stopped" | "connecting" | "online" | "waiting";

export interface ConnectionHandler {
  onStatus(status: ConnectionStatus): void;
  onEvent(event: ServerEvent): void;
  /** The server no longer accepts this session. */
  onRevoked(): void;
}

/** How long an acknowledgement may take, in milliseconds. */
const answerTimeout = 12_000;

/** Codes of `connect_error` that a fresh access token can cure. */
const staleToken = new Set(["token_expired", "unauthenticated"]);
const endOfSession = new Set(["session_revoked", "banned"]);

/** Keeps one Socket.IO connection alive: authenticates, and reconnects with jittered backoff. */
export class Connection {
  private socket: Socket | undefined;
  private status: ConnectionStatus = "stopped";
  private retry: ReturnType<typeof setTimeout> | undefined;
  private transport = 0;

  /** `transports` are in order of preference. If one fails without having connected, the next one is tried. */
  constructor(
    private readonly transports: readonly [OpenTransport, ...OpenTransport[]],
    private readonly tokens: TokenSource,
    private readonly handler: ConnectionHandler,
    private readonly backoff = new Backoff(),
  ) {}

  start(): void {
    if (this.status === "stopped") void this.connect();
  }

  stop(): void {
    this.setStatus("stopped");
    clearTimeout(this.retry);
    this.socket?.close();
    this.socket = undefined;
  }

  /** Connects now instead of waiting: the network is back, or the page is visible again. */
  hurry(): void {
    if (this.status !== "waiting") return;
    this.backoff.reset();
    clearTimeout(this.retry);
    void this.connect();
  }

  request<T>(event: string, payload: unknown): Promise<T> {
    if (this.socket === undefined) return Promise.reject(new NetworkError("not connected"));
    return this.socket.request<T>(event, payload, answerTimeout);
  }

  private async connect(): Promise<void> {
    this.setStatus("connecting");
    let token: string;
    try {
      token = await this.tokens.token();
    } catch (error) {
      // A 401 has ended the session, and this connection with it.
      if (!(error instanceof ApiError && error.status === 401)) this.wait();
      return;
    }
    if (this.isStopped()) return;
    let wasConnected = false;
    const open = this.transports[this.transport % this.transports.length] ?? this.transports[0];
    this.socket = new Socket(open, token, {
      onConnect: () => {
        wasConnected = true;
        this.backoff.reset();
        this.setStatus("online");
      },
      onEvent: (name, payload) => {
        if (name === "session:revoked") this.handler.onRevoked();
        else this.handler.onEvent({ name, payload } as ServerEvent);
      },
      onClose: (_, refusal) => {
        this.socket = undefined;
        if (this.isStopped()) return;
        if (refusal !== undefined && endOfSession.has(refusal)) {
          this.handler.onRevoked();
          return;
        }
        // After a working connection, the preferred transport is tried first again.
        if (wasConnected) this.transport = 0;
        else if (refusal === undefined) this.transport += 1;
        if (refusal !== undefined && staleToken.has(refusal)) this.tokens.renew(token).catch(() => {});
        this.wait();
      },
    });
  }

  private wait(): void {
    if (this.isStopped()) return;
    this.setStatus("waiting");
    clearTimeout(this.retry);
    this.retry = setTimeout(() => void this.connect(), this.backoff.next());
  }

  private isStopped(): boolean {
    return this.status === "stopped";
  }

  private setStatus(status: ConnectionStatus): void {
    if (this.status === status) return;
    this.status = status;
    this.handler.onStatus(status);
  }
}
