import { ApiError, isPassing } from "./errors";
import { Id, Message } from "./types";

/** A message, or a change of one, on its way to the server. */
export interface Outgoing {
  readonly key: string;
  readonly conversationId: Id;
  /** Sends it once. After a passing failure it is called again, so doing it twice must do no harm. */
  transmit(): Promise<Message>;
  onSent(message: Message): void;
  /** The server has refused it for good. */
  onFailed(error: ApiError): void;
}

/** After this many errors of the server (not of the network), something has failed. */
const serverAttempts = 5;

interface Entry {
  outgoing: Outgoing;
  attempts: number;
}

/**
 * Messages, and changes of messages, that are not acknowledged yet. Those of one conversation are sent one after the
 * other, to keep their order. Without a connection they wait.
 */
export class Outbox {
  private readonly queues = new Map<Id, Entry[]>();
  private readonly inFlight = new Set<Id>();
  private isOnline = false;
  /** Counts how often everything was dropped, to ignore late answers. */
  private epoch = 0;

  add(outgoing: Outgoing): void {
    const queue = this.queues.get(outgoing.conversationId) ?? [];
    this.queues.set(outgoing.conversationId, queue);
    if (queue.some((entry) => entry.outgoing.key === outgoing.key)) return;
    queue.push({ outgoing, attempts: 0 });
    void this.drain(outgoing.conversationId);
  }

  /** Drops something that was not acknowledged. The server may still have received it. */
  remove(key: string): void {
    for (const queue of this.queues.values()) {
      const index = queue.findIndex((entry) => entry.outgoing.key === key);
      if (index >= 0) queue.splice(index, 1);
    }
  }

  /** Tells whether there is a connection. When it comes back, what waits is sent. */
  setOnline(isOnline: boolean): void {
    this.isOnline = isOnline;
    if (isOnline) for (const id of this.queues.keys()) void this.drain(id);
  }

  clear(): void {
    this.queues.clear();
    this.epoch += 1;
  }

  private async drain(conversationId: Id): Promise<void> {
    if (this.inFlight.has(conversationId)) return;
    this.inFlight.add(conversationId);
    try {
      for (;;) {
        const entry = this.queues.get(conversationId)?.[0];
        if (entry === undefined || !this.isOnline) return;
        const pause = await this.attempt(entry);
        if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
      }
    } finally {
      this.inFlight.delete(conversationId);
    }
  }

  /** Answers how many milliseconds to wait before the next attempt. */
  private async attempt(entry: Entry): Promise<number> {
    const { outgoing } = entry;
    const { epoch } = this;
    try {
      const message = await outgoing.transmit();
      this.remove(outgoing.key);
      if (epoch === this.epoch) outgoing.onSent(message);
    } catch (error) {
      if (!(error instanceof ApiError)) return 1000;
      entry.attempts += 1;
      if (isPassing(error) && entry.attempts < serverAttempts) return (error.retryAfter ?? entry.attempts) * 1000;
      this.remove(outgoing.key);
      if (epoch === this.epoch) outgoing.onFailed(error);
    }
    return 0;
  }
}
