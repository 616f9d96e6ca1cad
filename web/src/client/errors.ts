/** What the server says of a ban: it has an end unless it is for good, and may have a reason. */
export interface Ban {
  readonly reason?: string;
  readonly until?: string;
}

/** A refusal of the server, with its stable `code` and its detail. */
export class ApiError extends Error {
  constructor(
    /** The HTTP status; 0 if the refusal was the acknowledgement of an event. */
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    readonly field?: string,
    /** Seconds to wait before another attempt makes sense. */
    readonly retryAfter?: number,
    /** With the code `banned`. */
    readonly banned?: Ban,
  ) {
    super(`${code}: ${detail}`);
  }
}

/** No answer came: there is no connection, or it took too long. The request may still have been carried out. */
export class NetworkError extends Error {}

/** A file that cannot be read: it was moved or changed, or is a folder. */
export class UnreadableFile extends Error {}

const hopeless = new Set(["too_large", "unsupported_media_type", "validation_failed"]);

/** Whether the same file can never be sent. */
export function isHopeless(error: unknown): boolean {
  return error instanceof UnreadableFile || (error instanceof ApiError && hopeless.has(error.code));
}

const passing = new Set(["rate_limited", "timeout", "unavailable", "internal"]);

/** Whether the same request can succeed later. */
export function isPassing(error: unknown): boolean {
  return error instanceof NetworkError || (error instanceof ApiError && passing.has(error.code));
}
