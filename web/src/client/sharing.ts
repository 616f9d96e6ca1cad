import { storageKey } from "../lib/basePath";
import { newId } from "../lib/ids";
import { SessionAnswer } from "./types";

/** What this needs of a BroadcastChannel. */
export interface Channel {
  postMessage(message: unknown): void;
  onmessage: ((event: MessageEvent) => void) | null;
}

/** `claim` names a tab that wants to refresh, the first by name goes first; a firm one is at it already. */
type Note = { answer: SessionAnswer } | { claim: string; isFirm: boolean };

/** How long a tab waits for the claims of others, and for the answer of one that refreshes, in milliseconds. */
const claimTime = 150;
const answerTime = 9_000;

const lockName = storageKey("refresh");

/**
 * Lets the tabs of one browser share a refresh: one asks the server, the others take its answer. Browsers have locks for
 * this on secure pages only; on others the tabs agree by messages. Where tabs cannot talk, each asks for itself.
 */
export class SharedRefresh {
  /** Called with what another tab's refresh brought. */
  onAnswer: (answer: SessionAnswer) => void = () => {};

  private readonly id = newId();
  private latest: SessionAnswer | undefined;
  private claim: { isFirm: boolean; hasRival: boolean } | undefined;
  private readonly waiting = new Set<(answer: SessionAnswer) => void>();

  constructor(
    private readonly channel: Channel | undefined,
    private readonly locks: LockManager | undefined,
    private readonly pause = (time: number) => new Promise<void>((resolve) => setTimeout(resolve, time)),
  ) {
    if (channel !== undefined) channel.onmessage = ({ data }) => this.receive(data as Note);
  }

  async run(refresh: () => Promise<SessionAnswer>): Promise<SessionAnswer> {
    if (this.channel === undefined) return refresh();
    this.latest = undefined;
    return this.locks === undefined ? this.byClaim(refresh) : this.byLock(this.locks, refresh);
  }

  private async byLock(locks: LockManager, refresh: () => Promise<SessionAnswer>): Promise<SessionAnswer> {
    let isHeld = false;
    const attempt = async () => {
      isHeld = true;
      // Its way to the browser and back lets the answer of the tab before this one arrive first.
      await locks.query();
      return this.latest ?? this.tell(await refresh());
    };
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), answerTime);
    try {
      return await locks.request(lockName, { signal: controller.signal }, attempt);
    } catch (error) {
      if (isHeld) throw error;
      // The tab that holds the lock hangs.
      return await refresh();
    } finally {
      clearTimeout(timer);
    }
  }

  private async byClaim(refresh: () => Promise<SessionAnswer>): Promise<SessionAnswer> {
    const claim = { isFirm: false, hasRival: false };
    this.claim = claim;
    try {
      this.channel?.postMessage({ claim: this.id, isFirm: false });
      await Promise.race([this.pause(claimTime), this.answered()]);
      if (claim.hasRival && this.latest === undefined) await Promise.race([this.pause(answerTime), this.answered()]);
      if (this.latest !== undefined) return this.latest;
      claim.isFirm = true;
      return this.tell(await refresh());
    } finally {
      this.claim = undefined;
      this.waiting.clear();
    }
  }

  private answered(): Promise<SessionAnswer> {
    return new Promise((resolve) => this.waiting.add(resolve));
  }

  private tell(answer: SessionAnswer): SessionAnswer {
    this.channel?.postMessage({ answer });
    return answer;
  }

  private receive(note: Note): void {
    if ("answer" in note) {
      this.latest = note.answer;
      for (const resolve of this.waiting) resolve(note.answer);
      this.onAnswer(note.answer);
    } else if (this.claim !== undefined) {
      const { isFirm } = this.claim;
      if (!isFirm && (note.isFirm || note.claim < this.id)) this.claim.hasRival = true;
      // The other may have come too late to hear of this one. Of two that are firm, neither gives way.
      else if (!note.isFirm) this.channel?.postMessage({ claim: this.id, isFirm });
    }
  }
}

/** The sharing of this browser's tabs. */
export function tabSharing(): SharedRefresh {
  return new SharedRefresh("BroadcastChannel" in window ? new BroadcastChannel(storageKey("session")) : undefined, navigator.locks);
}
