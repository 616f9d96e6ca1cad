import { ApiError } from "./errors";
import { call, Fetch, TokenSource } from "./http";
import { Id, SessionAnswer, User } from "./types";

/**
 * Remembers across reloads that somebody is signed in, and who, so that a signed-out page asks the server for nothing.
 * It is no secret: the refresh token itself stays in an HttpOnly cookie.
 */
export interface SignedInHint {
  read(): Id | null;
  write(userId: Id | null): void;
}

/** A token is renewed when it has less than this left, in milliseconds. */
const margin = 30_000;

/** The signed-in user's session: the access token lives here, in memory, and nowhere else. */
export class Session implements TokenSource {
  /** Called once when the session has come to its end, by log-out or because the server no longer takes it. */
  onEnded: () => void = () => {};

  private current: { token: string; expiresAt: number } | undefined;
  private renewal: Promise<string> | undefined;

  constructor(
    private readonly hint: SignedInHint,
    private readonly doFetch: Fetch,
    private readonly now: () => number = Date.now,
  ) {}

  /** Whether there may be a session to restore. */
  get isExpected(): boolean {
    return this.hint.read() !== null;
  }

  async register(username: string, password: string, displayName: string): Promise<User> {
    const body = displayName === "" ? { username, password } : { username, password, displayName };
    return this.begin(await this.auth("register", body));
  }

  async login(username: string, password: string): Promise<User> {
    return this.begin(await this.auth("login", { username, password }));
  }

  /**
   * The user whose session the browser's cookie holds.
   * @throws ApiError 401 when there is none any more.
   */
  async restore(): Promise<User> {
    return this.begin(await this.refresh());
  }

  async logout(): Promise<void> {
    const token = this.current?.token;
    if (token !== undefined) {
      // Signing out works offline too: the page forgets the session whatever the server says.
      await call(this.doFetch, "POST", "/auth/logout", { headers: { Authorization: `Bearer ${token}` } }).catch(() => {});
    }
    this.end();
  }

  /** Forgets the session without asking the server. */
  end(): void {
    if (this.current === undefined && this.hint.read() === null) return;
    this.current = undefined;
    this.hint.write(null);
    this.onEnded();
  }

  async token(): Promise<string> {
    if (this.current !== undefined && this.current.expiresAt - this.now() > margin) return this.current.token;
    return this.renew(this.current?.token ?? "");
  }

  async renew(stale: string): Promise<string> {
    if (this.current !== undefined && this.current.token !== stale) return this.current.token;
    // Whoever asks while a renewal is under way shares its answer.
    this.renewal ??= this.refresh()
      .then((answer) => this.begin(answer) && answer.accessToken)
      .finally(() => {
        this.renewal = undefined;
      });
    return this.renewal;
  }

  private async refresh(): Promise<SessionAnswer> {
    try {
      return await this.auth("refresh", {});
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) this.end();
      throw error;
    }
  }

  private auth(route: string, body: unknown): Promise<SessionAnswer> {
    return call<SessionAnswer>(this.doFetch, "POST", `/auth/${route}`, { body, headers: { "X-Parley-Cookie": "1" } });
  }

  private begin(answer: SessionAnswer): User {
    this.current = { token: answer.accessToken, expiresAt: this.now() + answer.expiresIn * 1000 };
    if (this.hint.read() !== answer.user.id) this.hint.write(answer.user.id);
    return answer.user;
  }
}
