/** The server refused: the stable `code` of API.md, with what it says about it. */
export class ApiError extends Error {
  constructor(
    /** The HTTP status; 0 where the refusal was an event's acknowledgement. */
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    readonly field?: string,
    /** Seconds to wait before another attempt makes sense. */
    readonly retryAfter?: number,
  ) {
    super(`${code}: ${detail}`);
  }
}

/** No answer came: no connection, or not in time. What was asked may have happened. */
export class NetworkError extends Error {}

const passing = new Set(["rate_limited", "timeout", "unavailable", "internal"]);

/** Whether the same request can succeed later. */
export function isPassing(error: unknown): boolean {
  return error instanceof NetworkError || (error instanceof ApiError && passing.has(error.code));
}
