import { ApiError, isPassing } from "./errors";
import { Id, Message, OutgoingMessage } from "./types";

export interface OutboxHandler {
  /** Sends a message once. After a passing failure the outbox calls it again with the same `clientId`. */
  transmit(message: OutgoingMessage): Promise<Message>;
  onSent(clientId: string, message: Message): void;
  /** The server has refused the message for good. */
  onFailed(clientId: string, error: ApiError): void;
}

/** After this many errors of the server (not of the network), a message has failed. */
const serverAttempts = 5;

interface Entry {
  message: OutgoingMessage;
  attempts: number;
}

/**
 * Messages that are not acknowledged yet. The messages of one conversation are sent one after the other, to keep their
 * order. Without a connection they wait.
 */
export class Outbox {
  private readonly queues = new Map<Id, Entry[]>();
  private readonly inFlight = new Set<Id>();
  private isOnline = false;

  constructor(private readonly handler: OutboxHandler) {}

  add(message: OutgoingMessage): void {
    const queue = this.queues.get(message.conversationId) ?? [];
    this.queues.set(message.conversationId, queue);
    if (queue.some((entry) => entry.message.clientId === message.clientId)) return;
    queue.push({ message, attempts: 0 });
    void this.drain(message.conversationId);
  }

  /** Drops a message that was not acknowledged. The server may still have received it. */
  remove(clientId: string): void {
    for (const queue of this.queues.values()) {
      const index = queue.findIndex((entry) => entry.message.clientId === clientId);
      if (index >= 0) queue.splice(index, 1);
    }
  }

  /** Tells whether there is a connection. When it comes back, waiting messages are sent. */
  setOnline(isOnline: boolean): void {
    this.isOnline = isOnline;
    if (isOnline) for (const id of this.queues.keys()) void this.drain(id);
  }

  clear(): void {
    this.queues.clear();
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
    const { clientId } = entry.message;
    try {
      const message = await this.handler.transmit(entry.message);
      this.remove(clientId);
      this.handler.onSent(clientId, message);
      return 0;
    } catch (error) {
      if (!(error instanceof ApiError)) return 1000;
      entry.attempts += 1;
      if (isPassing(error) && entry.attempts < serverAttempts) return (error.retryAfter ?? entry.attempts) * 1000;
      this.remove(clientId);
      this.handler.onFailed(clientId, error);
      return 0;
    }
  }
}
