import { Backoff } from "../client/backoff";
import { ConnectionStatus } from "../client/connection";
import { Parley } from "../client/parley";
import { Id } from "../client/types";
import { isHolding } from "../store/reduce";
import { Store } from "../store/store";
import { Conversations } from "./conversations";
import { Delivery } from "./delivery";
import { People } from "./people";
import { Reading } from "./reading";

/** If a server answers so often that there is more, something is wrong. */
const mostAnswers = 200;

/** Follows the connection: after each connect it fetches everything that changed in the meantime. */
export class CatchingUp {
  /** Whether events alone keep the state complete: this connection has synced. */
  isLive = false;
  /** Whether the server knows this connection, so that messages can be sent. */
  isReady = false;
  /** Called when that changes. */
  onReady: (isReady: boolean) => void = () => {};
  /** Called when events alone keep the state complete. */
  onLive: () => void = () => {};
  /** The moment up to which marks and profiles are known. */
  private cursor: string | undefined;
  /** Counts connections, to ignore late answers that belong to an earlier one. */
  private epoch = 0;

  constructor(
    private readonly parley: Parley,
    private readonly store: Store,
    private readonly conversations: Conversations,
    private readonly people: People,
    private readonly reading: Reading,
    private readonly delivery: Delivery,
  ) {}

  statusChanged(status: ConnectionStatus): void {
    this.stop();
    this.store.dispatch({ type: "connection", status });
    if (status !== "online") this.setReady(false);
  }

  private setReady(isReady: boolean): void {
    this.isReady = isReady;
    this.onReady(isReady);
  }

  /** Ends what is under way for the current connection. */
  stop(): void {
    this.isLive = false;
    this.epoch += 1;
  }

  /** Ends the session's catching up. */
  clear(): void {
    this.stop();
    this.cursor = undefined;
  }

  /** Fetches what was missed. It tries again until it succeeds or the connection ends. `cursor` is the one of `ready`. */
  async start(cursor: string): Promise<void> {
    const epoch = this.epoch;
    if (this.cursor === undefined) {
      this.cursor = cursor;
      // A list that was fetched before this moment can lack marks that have moved since.
      this.conversations.clear();
    }
    const backoff = new Backoff();
    this.setReady(true);
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
    for (let answers = 0; answers < mostAnswers; answers += 1) {
      const known = this.known();
      const answer = await this.parley.sync(known, this.cursor);
      if (epoch !== this.epoch) return;
      this.cursor = answer.cursor ?? this.cursor;
      this.store.dispatch({ type: "synced", answer, known });
      for (const { id, revision, messages, more, conversation } of answer.conversations) {
        if (!more || conversation === undefined || !isHolding(this.store.state, id)) continue;
        await this.reading.fetchChanges(id, messages[messages.length - 1]?.revision, revision);
        if (epoch !== this.epoch) return;
      }
      // An answer is bounded. It only names the conversations that did not fit.
      const isComplete = answer.moreMarks !== true && answer.conversations.every(({ conversation }) => conversation !== undefined);
      if (isComplete) break;
    }
    this.isLive = true;
    this.delivery.confirmSoon();
    this.onLive();
  }

  /** The revisions of the conversations in the user's list. The server does not tell of hidden ones. */
  private known(): Record<Id, number> {
    const { revisions, unlisted } = this.store.state;
    return Object.fromEntries(Object.entries(revisions).filter(([id]) => unlisted[id] !== true));
  }
}
