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

/**
 * Remembers across reloads a log-out that the server has not confirmed: the last access token, or an empty text where
 * there was none.
 */
export interface LogoutMemory {
  read(): string | null;
  write(token: string | null): void;
}

/** A token is renewed when it has less than this left, in milliseconds. */
const margin = 30_000;

/** The signed-in user's session: the access token lives here, in memory, and nowhere else. */
export class Session implements TokenSource {
  /** Called once when the session has come to its end, by log-out or because the server no longer takes it. */
  onEnded: () => void = () => {};

  private current: { token: string; expiresAt: number } | undefined;
  private renewal: Promise<string> | undefined;
  private leaving: Promise<void> | undefined;
  /** How many sessions have ended: an answer that was asked for in one of them is not for the next. */
  private endings = 0;

  constructor(
    private readonly hint: SignedInHint,
    private readonly doFetch: Fetch,
    private readonly now: () => number = Date.now,
    private readonly unconfirmed: LogoutMemory = logoutMemory(),
  ) {}

  /** Whether there may be a session to restore. */
  get isExpected(): boolean {
    return this.hint.read() !== null;
  }

  async register(username: string, password: string, displayName: string): Promise<User> {
    const body = displayName === "" ? { username, password } : { username, password, displayName };
    return this.signIn("register", body);
  }

  async login(username: string, password: string): Promise<User> {
    return this.signIn("login", { username, password });
  }

  /** The answer to an earlier log-out takes the cookie away: it has to come before that of a log-in, which brings one. */
  private async signIn(route: string, body: unknown): Promise<User> {
    // So has the answer to a renewal, which brings a cookie as well.
    await this.renewal?.catch(() => {});
    await this.confirmLogout();
    const user = this.begin(await this.auth(route, body));
    // Where the server could not end the session of before, it has now, since its cookie was replaced.
    this.unconfirmed.write(null);
    return user;
  }

  /**
   * The user whose session the browser's cookie holds.
   * @throws ApiError 401 when there is none any more.
   */
  async restore(): Promise<User> {
    return this.begin(await this.refresh());
  }

  /** Signing out works offline too: the page forgets the session at once, and tells the server as soon as it can. */
  logout(): Promise<void> {
    this.unconfirmed.write(this.current?.token ?? "");
    this.end();
    return this.confirmLogout();
  }

  /** Tells the server of a log-out that it has not confirmed; without an answer that decides, it stays to be told. */
  confirmLogout(): Promise<void> {
    this.leaving ??= this.tellLogout().finally(() => {
      this.leaving = undefined;
    });
    return this.leaving;
  }

  private async tellLogout(): Promise<void> {
    const token = this.unconfirmed.read();
    if (token === null) return;
    // The server takes a token that has expired as well, and the cookie where there was none.
    const headers: Record<string, string> = { "X-Parley-Cookie": "1" };
    if (token !== "") headers["Authorization"] = `Bearer ${token}`;
    try {
      await call(this.doFetch, "POST", "/auth/logout", { headers, keepalive: true });
    } catch (error) {
      if (!(error instanceof ApiError) || error.status >= 500 || error.status === 429 || error.status === 408) return;
    }
    if (this.unconfirmed.read() === token) this.unconfirmed.write(null);
  }

  /** Forgets the session without asking the server. */
  end(): void {
    if (this.current === undefined && this.hint.read() === null) return;
    this.current = undefined;
    this.endings += 1;
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
    const endings = this.endings;
    try {
      const answer = await this.auth("refresh", {});
      if (endings !== this.endings) throw new ApiError(401, "session_revoked", "signed out");
      return answer;
    } catch (error) {
      // What is said of a session that has ended says nothing of the next one.
      if (error instanceof ApiError && error.status === 401 && endings === this.endings) this.end();
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

function logoutMemory(): LogoutMemory {
  let token: string | null = null;
  return {
    read: () => token,
    write: (value) => {
      token = value;
    },
  };
}
