import { ApiError, Ban, NetworkError } from "./errors";

/** The source of access tokens. */
export interface TokenSource {
  token(): Promise<string>;
  /** A new token, because the server no longer accepts `stale`. */
  renew(stale: string): Promise<string>;
}

export interface CallOptions {
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
  /** Whether the request continues when the user leaves the page. */
  keepalive?: boolean;
  /** How long the answer may take, in milliseconds; 20 seconds if nothing else is said. */
  timeout?: number;
}

/** Sends a request to a path below the server's address. */
export type Fetch = (path: string, init?: RequestInit) => Promise<Response>;

const defaultTimeout = 20_000;

/**
 * Sends one request, with JSON in both directions.
 * @throws ApiError when the server refuses, NetworkError when no answer comes in time.
 */
export async function call<T>(doFetch: Fetch, method: string, path: string, options: CallOptions = {}): Promise<T> {
  const controller = new AbortController();
  const abort = () => controller.abort();
  const timer = setTimeout(abort, options.timeout ?? defaultTimeout);
  options.signal?.addEventListener("abort", abort);
  try {
    const headers: Record<string, string> = { Accept: "application/json", ...options.headers };
    const init: RequestInit = { method, headers, signal: controller.signal, credentials: "same-origin" };
    if (options.keepalive === true) init.keepalive = true;
    if (options.body !== undefined) {
      headers["Content-Type"] = "application/json";
      init.body = JSON.stringify(options.body);
    }
    let text: string;
    let response: Response;
    try {
      response = await doFetch(path, init);
      text = await response.text();
    } catch (error) {
      throw new NetworkError(String(error));
    }
    if (!response.ok) throw problem(response.status, text, response.headers.get("Retry-After"));
    return parse(text) as T;
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener("abort", abort);
  }
}

/** The error of an `application/problem+json` answer (RFC 9457). */
export function problem(status: number, text: string, retryAfter: string | null): ApiError {
  const body = parse(text) as { code?: string; detail?: string; title?: string; field?: string; banned?: Ban } | undefined;
  const seconds = Number(retryAfter);
  return new ApiError(
    status,
    body?.code ?? (status >= 500 ? "unavailable" : "internal"),
    body?.detail ?? body?.title ?? "",
    body?.field,
    retryAfter !== null && Number.isFinite(seconds) ? seconds : undefined,
    body?.banned,
  );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** Sends requests in the name of the signed-in user. An expired token is renewed once. */
export class HttpClient {
  constructor(private readonly tokens: TokenSource, private readonly doFetch: Fetch) {}

  get<T>(path: string, signal?: AbortSignal): Promise<T> {
    return this.request<T>("GET", path, signal ? { signal } : {});
  }

  post<T>(path: string, body?: unknown): Promise<T> {
    return this.request<T>("POST", path, { body });
  }

  patch<T>(path: string, body: unknown): Promise<T> {
    return this.request<T>("PATCH", path, { body });
  }

  put<T>(path: string): Promise<T> {
    return this.request<T>("PUT", path, {});
  }

  delete<T>(path: string, headers?: Record<string, string>): Promise<T> {
    return this.request<T>("DELETE", path, headers ? { headers } : {});
  }

  private async request<T>(method: string, path: string, options: CallOptions): Promise<T> {
    const token = await this.tokens.token();
    try {
      return await this.send<T>(method, path, options, token);
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 401) throw error;
      return this.send<T>(method, path, options, await this.tokens.renew(token));
    }
  }

  private send<T>(method: string, path: string, options: CallOptions, token: string): Promise<T> {
    const headers = { ...options.headers, Authorization: `Bearer ${token}` };
    return call<T>(this.doFetch, method, path, { ...options, headers });
  }
}

/** `/path?a=1`, without undefined parameters. */
export function query(path: string, parameters: Record<string, string | number | undefined>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined) search.set(name, String(value));
  }
  const text = search.toString();
  return text === "" ? path : `${path}?${text}`;
}
