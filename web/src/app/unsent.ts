import { Id } from "../client/types";
import { storageKey } from "../lib/basePath";
import { newId } from "../lib/ids";
import { readStored, store as setStored, storedKeys } from "../lib/storage";
import { tabTurns } from "../lib/turns";
import { Act } from "../store/act";
import { Draft, PendingMessage, State, titleOf, UploadTask } from "../store/state";
import { Store } from "../store/store";
import * as texts from "../texts";
import type { Writers } from "./writers";

/** Something that its user wrote and the server does not have. */
export type Kept = { tasks?: readonly UploadTask[]; title?: string } & (
  | { kind: "draft"; conversationId: Id; draft: Draft }
  | { kind: "message"; pending: PendingMessage }
  | { kind: "act"; act: Act }
);

const prefix = storageKey("unsent");
const alivePrefix = storageKey("alive");
const tabLock = storageKey("tab");

/** Without locks, a tab that has not said for this long that it lives is gone, in milliseconds. */
const silence = 150_000;

/**
 * Keeps what was written and not sent in the browser's storage, for the user who wrote it. Each tab keeps its own, so that
 * none overwrites another's; what a closed tab leaves behind, the next one takes over.
 */
export class Unsent {
  private readonly tab = newId();
  private readonly isHeld: Promise<void>;
  private userId: Id | undefined;
  private unsubscribe: () => void = () => {};
  private saved: Partial<State> = {};
  /** What storage holds for this tab, by key. */
  private written = new Map<string, string>();

  constructor(private readonly state: Store, private readonly writers: Pick<Writers, "acts" | "drafts" | "sending">, private readonly turns = tabTurns) {
    this.isHeld = new Promise((resolve) => {
      if (navigator.locks === undefined) resolve();
      // Held until the tab is gone, however it goes.
      else void navigator.locks.request(`${tabLock}.${this.tab}`, () => (resolve(), new Promise(() => {})));
    });
    window.addEventListener("pagehide", () => setStored(this.aliveKey(this.tab), null));
    window.addEventListener("pageshow", ({ persisted }) => persisted && this.live());
  }

  /** From now on keeps what the user writes, and brings back what they had not sent. */
  start(userId: Id): void {
    if (this.userId === userId) {
      void this.adopt();
      return;
    }
    this.stop();
    this.userId = userId;
    this.live();
    this.save();
    this.unsubscribe = this.state.subscribe(() => this.save());
    void this.adopt();
  }

  /** Stops keeping; what is kept stays. */
  stop(): void {
    this.unsubscribe();
    this.userId = undefined;
    this.written = new Map();
    this.saved = {};
  }

  /** Whether anything is kept for the user, by any tab. */
  get hasWords(): boolean {
    return this.userId !== undefined && storedKeys(`${prefix}/${this.userId}/`).length > 0;
  }

  /** Deletes all that is kept for the user. */
  forget(): void {
    const keys = this.userId === undefined ? [] : storedKeys(`${prefix}/${this.userId}/`);
    this.stop();
    for (const key of keys) setStored(key, null);
  }

  /** Takes over what tabs that are gone have left behind. Tabs do it in turn, so that each thing is taken over once. */
  async adopt(): Promise<void> {
    await this.isHeld;
    const { userId } = this;
    if (userId === undefined) return;
    // Only what was there before it is asked who lives: a tab that opens meanwhile takes over something itself.
    const present = { kept: storedKeys(`${prefix}/${userId}/`), alive: storedKeys(`${alivePrefix}/`) };
    const locks = await navigator.locks?.query();
    const names = locks && new Set([...(locks.held ?? []), ...(locks.pending ?? [])].map(({ name }) => name));
    await this.turns.take((taken) => (this.userId === userId ? this.takeOver(present, taken, names) : []));
  }

  /** Answers the keys of what it has taken over from others. */
  private takeOver(present: { kept: readonly string[]; alive: readonly string[] }, taken: ReadonlySet<string>, locks: ReadonlySet<string | undefined> | undefined): string[] {
    const isAlive = (tab: string) => {
      const said = readStored(this.aliveKey(tab));
      if (tab === this.tab || said === null) return tab === this.tab;
      return locks === undefined ? Date.now() - Number(said) < silence : locks.has(`${tabLock}.${tab}`);
    };
    for (const key of present.alive) if (!isAlive(key.slice(alivePrefix.length + 1))) setStored(key, null);
    // What this tab kept for an earlier session of the user is left behind as well.
    const left = present.kept.filter((key) => {
      const tab = tabOf(key);
      return tab === this.tab ? !this.written.has(key) : !isAlive(tab) && !taken.has(key);
    });
    const found = left.flatMap((key) => {
      const kept = parse(readStored(key));
      if (kept === undefined) setStored(key, null);
      return kept === undefined ? [] : [{ key, kept }];
    });
    found.sort((a, b) => timeOf(a.kept).localeCompare(timeOf(b.kept)));
    const restored = found.filter(({ kept }) => this.restore(kept)).map(({ key }) => key);
    // Restoring may have written the same key again.
    for (const key of restored) if (!this.written.has(key)) setStored(key, null);
    return restored.filter((key) => tabOf(key) !== this.tab);
  }

  /** Takes something over. Answers whether it could. */
  private restore(kept: Kept): boolean {
    const { acts, drafts, sending } = this.writers;
    const { dispatch } = this.state;
    if (kept.kind === "act") {
      acts.restore(kept.act);
      return true;
    }
    const conversationId = kept.kind === "draft" ? kept.conversationId : kept.pending.conversationId;
    if (kept.title !== undefined) dispatch({ type: "titleKept", conversationId, title: kept.title });
    if (kept.kind === "draft") return drafts.restore(conversationId, kept.draft, kept.tasks);
    for (const task of kept.tasks ?? []) dispatch({ type: "uploadAdded", task });
    sending.restore(kept.pending);
    return true;
  }

  private live(): void {
    setStored(this.aliveKey(this.tab), String(Date.now()));
  }

  private aliveKey(tab: string): string {
    return `${alivePrefix}/${tab}`;
  }

  /** Writes what has changed since the last time. */
  private save(): void {
    const { state } = this.state;
    const { saved } = this;
    this.saved = state;
    if (saved.now !== undefined && state.now !== saved.now) {
      this.live();
      void this.adopt();
    }
    if (saved.drafts === state.drafts && saved.pending === state.pending && saved.acts === state.acts && saved.uploads === state.uploads) {
      return;
    }
    const next = new Map<string, string>();
    for (const [name, kept] of everything(state)) next.set(`${prefix}/${this.userId}/${this.tab}/${name}`, JSON.stringify(kept));
    for (const key of this.written.keys()) if (!next.has(key)) setStored(key, null);
    for (const [key, text] of next) if (this.written.get(key) !== text) setStored(key, text);
    this.written = next;
  }
}

/** The tab that keeps something, by the key. */
function tabOf(key: string): string {
  return key.split("/")[2] ?? "";
}

/** All that would be lost with this page, each under a name of its own. */
function* everything(state: State): Generator<[string, Kept]> {
  const tasksOf = (ids: readonly string[]) => {
    const tasks = ids.flatMap((id) => state.uploads[id] ?? []);
    return tasks.length === 0 ? {} : { tasks: tasks.map(keptTask) };
  };
  const named = (id: Id) => {
    const conversation = state.conversations[id];
    const title = conversation === undefined ? state.titles[id] : titleOf(conversation, state.me?.id);
    return title === undefined ? {} : { title };
  };
  for (const [conversationId, draft] of Object.entries(state.drafts)) {
    if (draft.text.trim() === "" && draft.uploads.length === 0 && (draft.editing ?? draft.begun) === undefined) continue;
    yield [`draft/${conversationId}`, { kind: "draft", conversationId, draft, ...tasksOf(draft.uploads), ...named(conversationId) }];
  }
  for (const pending of state.pending) {
    yield [`message/${pending.clientId}`, { kind: "message", pending, ...tasksOf(pending.uploads), ...named(pending.conversationId) }];
  }
  for (const act of Object.values(state.acts).flat()) yield [`act/${act.id}`, { kind: "act", act }];
}

/** A file as it will be on another page. One that is still on its way is lost: a page cannot read it again. */
function keptTask({ preview: _, ...task }: UploadTask): UploadTask {
  return task.upload === undefined ? { ...task, share: 0, state: "failed", isLost: true, problem: texts.composer.fileLost } : task;
}

function timeOf(kept: Kept): string {
  return kept.kind === "draft" ? "" : kept.kind === "message" ? kept.pending.createdAt : kept.act.createdAt;
}

function parse(text: string | null): Kept | undefined {
  try {
    const kept = JSON.parse(text ?? "null") as Kept | null;
    return kept ?? undefined;
  } catch {
    return undefined;
  }
}
