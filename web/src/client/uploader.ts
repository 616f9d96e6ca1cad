import { Backoff } from "./backoff";
import { ApiError, isPassing, NetworkError } from "./errors";
import { HttpClient, problem, TokenSource } from "./http";
import { Id, Upload } from "./types";

export interface Attempt {
  method: string;
  path: string;
  headers: Record<string, string>;
  body?: Blob;
  signal: AbortSignal;
  /** Called with the number of bytes of `body` that were sent. */
  onProgress?(sent: number): void;
}

export interface Answer {
  status: number;
  body: string;
  header(name: string): string | null;
}

/** Sends one request and reports its progress; `fetch` cannot do that. */
export type Transfer = (attempt: Attempt) => Promise<Answer>;

/** Transfers by XMLHttpRequest. @throws NetworkError when no answer comes. */
export const transferByXhr: Transfer = ({ method, path, headers, body, signal, onProgress }) =>
  new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const abort = () => request.abort();
    request.open(method, path);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    if (onProgress !== undefined) request.upload.onprogress = (event) => onProgress(event.loaded);
    request.onload = () =>
      resolve({ status: request.status, body: request.responseText, header: (name) => request.getResponseHeader(name) });
    request.onerror = () => reject(new NetworkError("the upload was cut off"));
    request.onabort = () => reject(new DOMException("cancelled", "AbortError"));
    request.onloadend = () => signal.removeEventListener("abort", abort);
    signal.addEventListener("abort", abort);
    if (signal.aborted) request.abort();
    else request.send(body ?? null);
  });

/** In bytes. A file up to this size is one PUT request; a larger one is sent by tus in pieces of this size. */
const pieceSize = 8 * 1024 * 1024;

/** The number of attempts when the server fails. */
const serverAttempts = 6;

const tus = { "Tus-Resumable": "1.0.0" };

export interface UploadOptions {
  signal: AbortSignal;
  /** Called with the share that was sent, 0 to 1. */
  onProgress(share: number): void;
  /** Resolves when another attempt makes sense after a failure. */
  untilOnline(delay: number): Promise<void>;
}

/** Uploads files. Uploads of large files can be resumed (tus 1.0). */
export class Uploader {
  constructor(
    private readonly http: HttpClient,
    private readonly tokens: TokenSource,
    /** The path below which the server is. */
    private readonly below = "",
    private readonly transfer: Transfer = transferByXhr,
    private readonly piece = pieceSize,
  ) {}

  /** @throws ApiError when the server refuses the file, AbortError when cancelled. */
  async upload(file: File, options: UploadOptions): Promise<Upload> {
    const step = file.size > this.piece ? this.resumable(file, options) : this.single(file, options);
    const backoff = new Backoff();
    let refusals = 0;
    for (;;) {
      try {
        return await step();
      } catch (error) {
        if (options.signal.aborted || !isPassing(error)) throw error;
        if (error instanceof ApiError && ++refusals >= serverAttempts) throw error;
        const asked = error instanceof ApiError ? (error.retryAfter ?? 0) * 1000 : 0;
        await options.untilOnline(Math.max(asked, backoff.next()));
        if (options.signal.aborted) throw error;
      }
    }
  }

  /** Removes an upload that no message carries. */
  async discard(id: Id): Promise<void> {
    await this.http.delete(`/upload/${id}`);
  }

  private single(file: File, { signal, onProgress }: UploadOptions): () => Promise<Upload> {
    return async () => {
      const answer = await this.send({
        method: "PUT",
        path: `/upload/${encodeURIComponent(file.name || "file")}`,
        headers: { "Content-Type": "application/octet-stream" },
        body: file,
        signal,
        onProgress: (sent) => onProgress(sent / Math.max(1, file.size)),
      });
      const upload = (JSON.parse(answer.body) as { uploads: Upload[] }).uploads[0];
      if (upload === undefined) throw new ApiError(answer.status, "internal", "");
      return upload;
    };
  }

  /** Each call of the answer continues where the server's copy ends. */
  private resumable(file: File, { signal, onProgress }: UploadOptions): () => Promise<Upload> {
    let location: string | undefined;
    signal.addEventListener("abort", () => {
      if (location !== undefined) this.http.delete(location, tus).catch(() => {});
    });
    return async () => {
      let offset = 0;
      if (location !== undefined) {
        try {
          offset = this.offset(await this.send({ method: "HEAD", path: location, headers: tus, signal }));
        } catch (error) {
          // An upload that has expired starts again.
          if (!(error instanceof ApiError && (error.status === 404 || error.status === 410))) throw error;
          location = undefined;
        }
      }
      location ??= await this.create(file, signal);
      while (offset < file.size) {
        const start = offset;
        try {
          const answer = await this.send({
            method: "PATCH",
            path: location,
            headers: { ...tus, "Upload-Offset": String(start), "Content-Type": "application/offset+octet-stream" },
            body: file.slice(start, start + this.piece),
            signal,
            onProgress: (sent) => onProgress((start + sent) / file.size),
          });
          offset = this.offset(answer);
        } catch (error) {
          // The offset differs from the server's: ask for it again.
          if (error instanceof ApiError && error.status === 409) throw new NetworkError("offsets differ");
          throw error;
        }
      }
      return this.http.get<Upload>(location, signal);
    };
  }

  private async create(file: File, signal: AbortSignal): Promise<string> {
    const name = btoa(String.fromCharCode(...new TextEncoder().encode(file.name || "file")));
    const answer = await this.send({
      method: "POST",
      path: "/upload",
      headers: { ...tus, "Upload-Length": String(file.size), "Upload-Metadata": `filename ${name}` },
      signal,
    });
    const location = answer.header("Location");
    if (location === null) throw new ApiError(answer.status, "internal", "");
    // A proxy may make the address absolute, and the server may be below a path. Only the path within it counts.
    const { pathname } = new URL(location, "http://localhost");
    return pathname.slice(Math.max(0, pathname.lastIndexOf("/upload/")));
  }

  private offset(answer: Answer): number {
    const offset = Number(answer.header("Upload-Offset") ?? NaN);
    if (!Number.isSafeInteger(offset)) throw new ApiError(answer.status, "internal", "");
    return offset;
  }

  private async send(attempt: Attempt): Promise<Answer> {
    let token = await this.tokens.token();
    for (let isFirst = true; ; isFirst = false) {
      const answer = await this.transfer({ ...attempt, path: this.below + attempt.path, headers: { ...attempt.headers, Authorization: `Bearer ${token}` } });
      if (answer.status < 400) return answer;
      if (answer.status !== 401 || !isFirst) throw problem(answer.status, answer.body, answer.header("Retry-After"));
      token = await this.tokens.renew(token);
    }
  }
}
