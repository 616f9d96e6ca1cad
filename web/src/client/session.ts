import { ApiError, Ban } from "./errors";
import { call, Fetch, TokenSource } from "./http";
import { Id, SessionAnswer, User } from "./types";

/**
 * Remembers across reloads who is signed in, so that a signed-out page sends no request.
 * It is not a secret: the refresh token is in an HttpOnly cookie.
 */
export interface SignedInHint {
  read(): Id | null;
  write(userId: Id | null): void;
}

/**
 * Remembers across reloads a log-out that the server has not confirmed: the last access token, or an empty text if there
 * was none.
 */
export interface LogoutMemory {
  read(): string | null;
  write(token: string | null): void;
}

/** A token is renewed this long before it expires, in milliseconds. */
const margin = 30_000;

/**
 * How long the answer to a refresh may take, in milliseconds. A lost one costs no more: until its successor was used, the
 * server takes the same token again.
 */
const refreshTimeout = 8_000;

/** The session of the signed-in user. The access token is kept here, in memory, and nowhere else. */
export class Session implements TokenSource {
  /** Called once when the session has ended: by a log-out, or by the server, whose reason is then the code, and a ban. */
  onEnded: (code?: string, banned?: Ban) => void = () => {};

  private current: { token: string; expiresAt: number } | undefined;
  private renewal: Promise<string> | undefined;
  private leaving: Promise<void> | undefined;
  /** Counts sessions that have ended, to ignore late answers that belong to an earlier one. */
  private ended = 0;

  constructor(
    private readonly hint: SignedInHint,
    private readonly doFetch: Fetch,
    private readonly now: () => number = Date.now,
    private readonly unconfirmed: LogoutMemory = logoutMemory(),
    /** Runs a refresh, unless another tab of this browser brings its answer. */
    private readonly share: (refresh: () => Promise<SessionAnswer>) => Promise<SessionAnswer> = (refresh) => refresh(),
  ) {}

  /** Takes the answer that another tab got for the same session. */
  adopt(answer: SessionAnswer): void {
    if (this.current !== undefined && this.hint.read() === answer.user.id) this.begin(answer);
  }

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

  /** Waits for an earlier log-out first: its answer removes the cookie, and must not remove the new one. */
  private async signIn(route: string, body: unknown): Promise<User> {
    // The answer to a renewal sets a cookie too, so it must not arrive later either.
    await this.renewal?.catch(() => {});
    await this.confirmLogout();
    const user = this.begin(await this.auth(route, body));
    // The new cookie has replaced that of the old session: there is nothing left to log out.
    this.unconfirmed.write(null);
    return user;
  }

  /**
   * The user whose session the browser's cookie holds.
   * @throws ApiError 401 when there is none.
   */
  async restore(): Promise<User> {
    return this.begin(await this.refresh());
  }

  /** Logging out works offline too: the page forgets the session at once and tells the server as soon as it can. */
  logout(): Promise<void> {
    this.unconfirmed.write(this.current?.token ?? "");
    this.end();
    return this.confirmLogout();
  }

  /** Tells the server of a log-out that it has not confirmed. Without a clear answer it stays unconfirmed. */
  confirmLogout(): Promise<void> {
    this.leaving ??= this.tellLogout().finally(() => {
      this.leaving = undefined;
    });
    return this.leaving;
  }

  private async tellLogout(): Promise<void> {
    const token = this.unconfirmed.read();
    if (token === null) return;
    // The server accepts an expired token too, and the cookie if there is no token.
    const headers: Record<string, string> = { "X-Parley-Cookie": "1" };
    if (token !== "") headers["Authorization"] = `Bearer ${token}`;
    try {
      await call(this.doFetch, "POST", "/auth/logout", { headers, keepalive: true });
    } catch (error) {
      if (!(error instanceof ApiError) || error.status >= 500 || error.status === 429 || error.status === 408) return;
    }
    if (this.unconfirmed.read() === token) this.unconfirmed.write(null);
  }

  /** Forgets the session without asking the server, which may have ended it, for the reason `code`. */
  end(code?: string, banned?: Ban): void {
    if (this.current === undefined && this.hint.read() === null) return;
    this.current = undefined;
    this.ended += 1;
    this.onEnded(code, banned);
    this.hint.write(null);
  }

  async token(): Promise<string> {
    if (this.current !== undefined && this.current.expiresAt - this.now() > margin) return this.current.token;
    return this.renew(this.current?.token ?? "");
  }

  async renew(stale: string): Promise<string> {
    if (this.current !== undefined && this.current.token !== stale) return this.current.token;
    // Callers share a renewal that is under way.
    this.renewal ??= this.refresh()
      .then((answer) => this.begin(answer) && answer.accessToken)
      .finally(() => {
        this.renewal = undefined;
      });
    return this.renewal;
  }

  private async refresh(): Promise<SessionAnswer> {
    const ended = this.ended;
    try {
      const expected = this.hint.read();
      const refresh = () => this.auth("refresh", {}, refreshTimeout);
      let answer = await this.share(refresh);
      // Somebody else signed in meanwhile, in another tab.
      if (expected !== null && answer.user.id !== expected) answer = await refresh();
      if (ended !== this.ended) throw new ApiError(401, "session_revoked", "signed out");
      return answer;
    } catch (error) {
      // A refusal of an earlier session says nothing about this one.
      if (isEnding(error) && ended === this.ended) this.end(error.code, error.banned);
      throw error;
    }
  }

  private auth(route: string, body: unknown, timeout?: number): Promise<SessionAnswer> {
    const options = { body, headers: { "X-Parley-Cookie": "1" }, ...(timeout === undefined ? {} : { timeout }) };
    return call<SessionAnswer>(this.doFetch, "POST", `/auth/${route}`, options);
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

/** Whether an error says that there is no session any more. */
function isEnding(error: unknown): error is ApiError {
  return error instanceof ApiError && (error.status === 401 || error.code === "banned");
}
