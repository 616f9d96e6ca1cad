import { Backoff } from "./backoff";
import { OpenTransport } from "./engine";
import { Ban, NetworkError } from "./errors";
import { TokenSource } from "./http";
import { Socket } from "./socket";
import { ServerEvent, ServerEvents } from "./types";

/** `waiting`: the last attempt has failed. `lost`: a connection went silent, and the first attempt after it is under way. */
export type ConnectionStatus = "stopped" | "connecting" | "online" | "waiting" | "lost";

export interface ConnectionHandler {
  onStatus(status: ConnectionStatus): void;
  onEvent(event: ServerEvent): void;
  /** The server no longer accepts this session, for the reason `code`. */
  onRevoked(code: string, banned?: Ban): void;
}

/** How long an acknowledgement may take, in milliseconds. */
const answerTimeout = 12_000;

/** How long the answer to a probe may take, in milliseconds. */
const probeTimeout = 1_500;

/** An attempt to connect that takes longer than this, in milliseconds, is given up when there is a reason to hurry. */
const attemptPatience = 2_000;

/** Codes of `connect_error` that a fresh access token can cure. */
const staleToken = new Set(["token_expired", "unauthenticated"]);
const endOfSession = new Set(["session_revoked", "banned"]);

/** Keeps one Socket.IO connection alive: authenticates, and reconnects with jittered backoff. */
export class Connection {
  private socket: Socket | undefined;
  private status: ConnectionStatus = "stopped";
  private retry: ReturnType<typeof setTimeout> | undefined;
  private transport = 0;
  /** When the latest attempt to connect began. */
  private attemptedAt = 0;
  private isProbing = false;
  /** Whether the next attempt follows at once when the socket has closed. */
  private isInHurry = false;

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

  /**
   * Finds out at once whether there is a connection: the network has changed, the computer was asleep, or the page was in
   * the back. A silent one is replaced after `probeTimeout`; without one, the next attempt begins now.
   */
  probe(): void {
    const { socket } = this;
    if (this.status === "online" && socket !== undefined) {
      if (this.isProbing) return;
      this.isProbing = true;
      void socket.probe(probeTimeout).then((isAlive) => {
        this.isProbing = false;
        if (!isAlive && this.socket === socket) this.drop();
      });
    } else if (this.status === "waiting") {
      this.backoff.reset();
      clearTimeout(this.retry);
      void this.connect();
    } else if (this.status !== "stopped" && Date.now() - this.attemptedAt > attemptPatience) {
      this.drop();
    }
  }

  /** Closes the connection, or the attempt, and begins another one. */
  drop(): void {
    if (this.socket === undefined) return;
    this.isInHurry = true;
    this.backoff.reset();
    this.socket.close();
  }

  request<T>(event: string, payload: unknown): Promise<T> {
    if (this.socket === undefined) return Promise.reject(new NetworkError("not connected"));
    return this.socket.request<T>(event, payload, answerTimeout);
  }

  private async connect(): Promise<void> {
    if (this.status !== "lost") this.setStatus("connecting");
    this.attemptedAt = Date.now();
    let token: string;
    try {
      token = await this.tokens.token();
    } catch {
      // If the session has ended, so has this connection.
      this.wait();
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
        if (name === "session:revoked") {
          const { code = "session_revoked", banned } = (payload ?? {}) as Partial<ServerEvents["session:revoked"]>;
          this.handler.onRevoked(code, banned);
        }
        else this.handler.onEvent({ name, payload } as ServerEvent);
      },
      onClose: (_, refusal, banned) => {
        this.socket = undefined;
        if (this.isStopped()) return;
        if (refusal !== undefined && endOfSession.has(refusal)) {
          this.handler.onRevoked(refusal, banned);
          return;
        }
        // After a working connection, the preferred transport is tried first again.
        if (wasConnected) this.transport = 0;
        else if (refusal === undefined) this.transport += 1;
        if (refusal !== undefined && staleToken.has(refusal)) this.tokens.renew(token).catch(() => {});
        if (this.isInHurry) {
          this.isInHurry = false;
          this.setStatus("lost");
          void this.connect();
        } else {
          this.wait();
        }
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
