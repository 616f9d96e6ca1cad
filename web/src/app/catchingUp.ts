import { Backoff } from "../client/backoff";
import { ConnectionStatus } from "../client/connection";
import { Parley } from "../client/parley";
import { Store } from "../store/store";
import { Conversations } from "./conversations";
import { Delivery } from "./delivery";
import { People } from "./people";
import { Reading } from "./reading";
import { Sending } from "./sending";

/** Follows the connection: after each connect it fetches everything that changed in the meantime. */
export class CatchingUp {
  /** Whether events alone keep the state complete: this connection has synced. */
  isLive = false;
  /** Counts connections, to ignore late answers that belong to an earlier one. */
  private epoch = 0;

  constructor(
    private readonly parley: Parley,
    private readonly store: Store,
    private readonly conversations: Conversations,
    private readonly people: People,
    private readonly reading: Reading,
    private readonly sending: Sending,
    private readonly delivery: Delivery,
  ) {}

  statusChanged(status: ConnectionStatus): void {
    this.stop();
    this.store.dispatch({ type: "connection", status });
    if (status !== "online") this.sending.setOnline(false);
  }

  /** Ends what is under way for the current connection. */
  stop(): void {
    this.isLive = false;
    this.epoch += 1;
  }

  /** Fetches what was missed. It tries again until it succeeds or the connection ends. */
  async start(): Promise<void> {
    const epoch = this.epoch;
    const backoff = new Backoff();
    this.sending.setOnline(true);
    this.reading.connected();
    void this.people.loadBlocked();
    while (epoch === this.epoch) {
      try {
        await this.conversations.load();
        await this.sync(epoch);
        return;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, backoff.next()));
      }
    }
  }

  private async sync(epoch: number): Promise<void> {
    const answer = await this.parley.sync({ ...this.store.state.revisions });
    if (epoch !== this.epoch) return;
    this.store.dispatch({ type: "synced", answer });
    for (const { id, revision, messages, more } of answer.conversations) {
      if (!more || this.store.state.timelines[id] === undefined) continue;
      await this.reading.fetchChanges(id, messages[messages.length - 1]?.revision, revision);
      if (epoch !== this.epoch) return;
    }
    this.isLive = true;
    this.delivery.confirmSoon();
  }
}
