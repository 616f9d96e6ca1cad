import { ApiError, isPassing } from "./errors";
import { Id, Message, OutgoingMessage } from "./types";

export interface OutboxHandler {
  /** Sends once. What fails in passing is sent again with the same `clientId`. */
  transmit(message: OutgoingMessage): Promise<Message>;
  onSent(clientId: string, message: Message): void;
  /** The server refuses the message for good. */
  onFailed(clientId: string, error: ApiError): void;
}

/** How often an error of the server itself (not of the network) is tried again before it counts as final. */
const serverAttempts = 5;

interface Entry {
  message: OutgoingMessage;
  attempts: number;
}

/**
 * What is written and not yet acknowledged. Within a conversation messages go one after the other, so that they keep
 * their order; while there is no connection they stay here.
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

  /** Drops a message that was not acknowledged; the server may have it all the same. */
  remove(clientId: string): void {
    for (const queue of this.queues.values()) {
      const index = queue.findIndex((entry) => entry.message.clientId === clientId);
      if (index >= 0) queue.splice(index, 1);
    }
  }

  /** Whether there is a connection to send over; coming online sends what has waited. */
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

  /** Milliseconds to wait before the next attempt. */
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
