import { Parley } from "../client/parley";
import { GroupNotice, Id } from "../client/types";
import { NoticePlace } from "../store/notices";
import { Store } from "../store/store";

/** Where a group has more members than this, its pages do not ask all at once when somebody comes or goes. */
const many = 100;
const spread = 5_000;
const pause = 200;

/** So many pages are read of one part of a history, the newest first. */
const mostPages = 5;

/** A part of a history, by `seq`; up to the end without `before`. */
export interface Bounds {
  readonly after: number;
  readonly before?: number;
}

/** What is known of an open group. */
interface Known {
  revision: number;
  /** The part of the history whose notices have been read. */
  part?: { from: number; to: number };
  /** One request after the other: an old answer must not replace a new one. */
  work: Promise<void>;
  cancel?: () => void;
}

interface Timing {
  random(): number;
  /** Runs something after so many milliseconds, and answers how to call it off. */
  later(run: () => void, wait: number): () => void;
}

const realTiming: Timing = {
  random: Math.random,
  later: (run, wait) => {
    const timer = setTimeout(run, wait);
    return () => clearTimeout(timer);
  },
};

/** What happened to a group beside its messages: who came, who went, and what it was called. */
export class GroupNotices {
  private readonly open = new Map<Id, Known>();

  constructor(
    private readonly parley: Pick<Parley, "notices">,
    private readonly store: Store,
    private readonly timing: Timing = realTiming,
  ) {}

  /**
   * Reads what is new in a part of the history, at once. If the group has changed since, what is known is read again once
   * nothing more has changed for a moment.
   */
  load(id: Id, bounds: Bounds, revision: number): void {
    const known = this.open.get(id) ?? { revision, work: Promise.resolve() };
    this.open.set(id, known);
    this.work(id, known, () => this.cover(id, known, bounds));
    if (known.revision === revision) return;
    known.revision = revision;
    if (known.cancel !== undefined) return;
    const isLarge = (this.store.state.conversations[id]?.memberCount ?? 0) > many;
    known.cancel = this.timing.later(
      () => {
        known.cancel = undefined;
        this.work(id, known, () => this.refresh(id, known));
      },
      pause + (isLarge ? this.timing.random() * spread : 0),
    );
  }

  /** Nobody looks at the group any more. */
  close(id: Id): void {
    this.open.get(id)?.cancel?.();
    this.open.delete(id);
  }

  private work(id: Id, known: Known, job: () => Promise<void>): void {
    known.work = known.work.then(async () => {
      try {
        if (this.isCurrent(id, known)) await job();
      } catch {
        // The next change or connection begins anew. A server of an earlier version has none.
        if (this.open.get(id) === known) this.close(id);
      }
    });
  }

  private isCurrent(id: Id, known: Known): boolean {
    return this.open.get(id) === known && this.store.state.conversations[id] !== undefined;
  }

  private async cover(id: Id, known: Known, { after: from, before: to = Infinity }: Bounds): Promise<void> {
    const { part } = known;
    if (part === undefined || to < part.from || from > part.to) {
      await this.read(id, known, { from, to }, () => true);
      known.part = { from, to };
      return;
    }
    if (from < part.from) {
      await this.read(id, known, { from, to: part.from }, () => true);
      part.from = from;
    }
    if (to > part.to) {
      await this.read(id, known, { from: part.to, to }, () => true);
      part.to = to;
    }
  }

  /** What is new, removed or changed: the newest page, and those before it as long as nothing in them is known. */
  private async refresh(id: Id, known: Known): Promise<void> {
    if (known.part === undefined) return;
    const present = new Set(this.store.state.groupNotices[id]?.map((notice) => notice.id));
    await this.read(id, known, known.part, (notices) => notices.every((notice) => !present.has(notice.id)));
  }

  private async read(id: Id, known: Known, { from, to }: { from: number; to: number }, goesOn: (notices: readonly GroupNotice[]) => boolean): Promise<void> {
    let end: NoticePlace = { seq: to, id: 0 };
    let cursor: string | undefined;
    for (let page = 0; page < mostPages; page += 1) {
      const answer = await this.parley.notices(id, { after: from, before: to === Infinity ? undefined : to, cursor });
      if (!this.isCurrent(id, known)) return;
      const { notices, hasMore, nextCursor } = answer;
      const [first] = notices;
      const start = hasMore && first !== undefined ? { seq: first.seq, id: first.id } : { seq: from, id: 0 };
      this.store.dispatch({ type: "groupNotices", conversationId: id, notices, from: start, to: end });
      if (nextCursor === undefined || !goesOn(notices)) return;
      cursor = nextCursor;
      end = start;
    }
  }
}
