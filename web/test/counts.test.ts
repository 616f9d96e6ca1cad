import assert from "node:assert/strict";
import { test } from "node:test";
import { Conversation, Marks, Message, ServerEvent, SyncAnswer } from "../src/client/types";
import { Action } from "../src/store/actions";
import { reduce } from "../src/store/reduce";
import { initialState, State } from "../src/store/state";
import { firstSeq, lastSeq } from "../src/store/timeline";
import { live, run } from "./states";
import { ana, bo, conversation, message, messages, settings } from "./support";

const received = (payload: Message): Action => live({ name: "message:received", payload });
const deleted = (payload: Message): Action => live({ name: "message:deleted", payload: { ...payload, text: "", deletedAt: "2026-01-02T00:00:00.000Z" } });
const fetched = (changes: Partial<Conversation>): Action => ({ type: "conversation", conversation: conversation(changes), isListed: true });
const marks = (readSeq: number): Marks => ({ conversationId: "c", userId: "ana", deliveredSeq: readSeq, readSeq });
const signedIn = run(initialState, { type: "signedIn", user: ana });
const unread = (state: State) => state.conversations["c"]?.unreadCount;
const isSure = ({ counts: { c } }: State) => c?.isSure === true || c?.isLoaded === true;
/** Ten unread messages of which none is loaded. */
const ten = run(signedIn, fetched({ revision: 10, lastSeq: 10, unreadCount: 10 }));

test("of messages that are not loaded, a deletion takes one, and the server is asked", () => {
  const state = run(ten, deleted(message(4, { revision: 11 })), deleted(message(4, { revision: 11 })));
  assert.equal(unread(state), 9);
  assert.equal(isSure(state), false);
  const answered = run(state, fetched({ revision: 11, lastSeq: 10, unreadCount: 9 }));
  assert.equal(unread(answered), 9);
  assert.equal(isSure(answered), true);
});

test("a message that came and went is not unread, and a restored one is again", () => {
  const came = run(ten, received(message(11, { revision: 11 })));
  const gone = run(came, deleted(message(11, { revision: 12 })));
  assert.equal(unread(gone), 10);
  const back = run(gone, live({ name: "message:updated", payload: message(11, { revision: 13 }) }));
  assert.equal(unread(back), 11);
  assert.equal(isSure(back), true);
});

test("partial reading elsewhere is estimated, and then asked for", () => {
  const state = run(ten, live({ name: "message:status", payload: marks(5) }));
  assert.equal(unread(state), 5);
  assert.equal(isSure(state), false);
  const all = run(ten, live({ name: "message:status", payload: marks(10) }));
  assert.equal(unread(all), 0);
  assert.equal(isSure(all), true);
});

test("the marks of sync bring the server's number", () => {
  const answer: SyncAnswer = { conversations: [], removed: [], marks: [{ ...marks(5), unreadCount: 3 }], users: [], cursor: "x" };
  const state = run(ten, { type: "synced", answer, known: { c: 10 } });
  assert.equal(unread(state), 3);
  assert.equal(isSure(state), true);
  assert.equal(state.conversations["c"]?.me?.readSeq, 5);
});

test("the number of the marks, and live messages that came before it, add up", () => {
  const answer: SyncAnswer = { conversations: [], removed: [], marks: [{ ...marks(5), unreadCount: 3 }], users: [], cursor: "x" };
  const state = run(ten, received(message(11, { revision: 11 })), { type: "synced", answer, known: { c: 10 } });
  assert.equal(unread(state), 4);
  assert.equal(isSure(state), true);
});

test("a live message is counted once, whichever comes first, the event or a number that contains it", () => {
  const event = received(message(11, { revision: 11 }));
  const number = fetched({ revision: 11, lastSeq: 11, unreadCount: 11 });
  assert.equal(unread(run(ten, event, number)), 11);
  assert.equal(unread(run(ten, number, event)), 11);
  // A number that was taken before it does not take it back.
  assert.equal(unread(run(ten, event, fetched({ revision: 10, lastSeq: 10, unreadCount: 10 }))), 11);
});

test("a live message while sync is under way is added to the answer's number", () => {
  const answer: SyncAnswer = {
    conversations: [{ id: "c", revision: 15, conversation: conversation({ revision: 15, lastSeq: 15, unreadCount: 15 }), messages: messages(11, 15), more: false }],
    removed: [],
    marks: [],
    users: [],
    cursor: "x",
  };
  assert.equal(unread(run(ten, received(message(16)), { type: "synced", answer, known: { c: 10 } })), 16);
});

test("the last message of an answer can be newer than its number", () => {
  const state = run(signedIn, fetched({ revision: 10, lastSeq: 10, unreadCount: 10, lastMessage: message(11) }));
  assert.equal(unread(state), 11);
  assert.equal(unread(run(state, received(message(11)))), 11);
});

test("what arrives while a conversation is being fetched is applied to it", () => {
  const early = run(signedIn, received(message(11)), deleted(message(11, { revision: 12 })), received(message(12, { revision: 13 })), live({ name: "message:status", payload: marks(9) }));
  const state = run(early, fetched({ revision: 10, lastSeq: 10, unreadCount: 10 }));
  assert.equal(state.conversations["c"]?.lastSeq, 12);
  assert.equal(state.conversations["c"]?.me?.readSeq, 9);
  assert.equal(unread(state), 2);
  assert.equal(isSure(state), false);
});

test("one's own messages from another device are not unread", () => {
  const mine = message(11, { sender: { id: "ana", username: "ana", displayName: "Ana" } });
  const state = run(ten, received(mine), deleted({ ...mine, revision: 12 }));
  assert.equal(unread(state), 10);
  assert.equal(isSure(state), true);
});

test("while the user reads here, the server's number for an earlier mark is not taken", () => {
  const window: Action = { type: "pageLoaded", conversationId: "c", page: { kind: "window", atStart: true }, messages: messages(1, 6) };
  const reading = run(ten, window, { type: "readHere", conversationId: "c", seq: 4 });
  assert.equal(unread(reading), 6);
  assert.equal(isSure(reading), true);
  assert.equal(unread(run(reading, fetched({ revision: 10, lastSeq: 10, unreadCount: 10 }))), 6);
});

/** Numbers that look random and are the same for the same seed (mulberry32). */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * below);
  };
}

/** A server with one conversation, and a page whose events and answers arrive late, twice, or not at all. */
class Walk {
  private state = run(signedIn, fetched({}));
  private readonly history: Message[] = [];
  private revision = 1;
  private readSeq = 0;
  private events: ServerEvent[] = [];
  private answers: (() => Action)[] = [];
  private isConnected = true;
  private isLive = true;
  private hasMarkMoved = false;

  constructor(private readonly pick: (below: number) => number) {}

  act(): void {
    const choices = [this.send, this.send, this.change, this.change, this.readElsewhere, this.readHere, this.ask, this.load, this.deliver, this.deliver, this.deliver, this.deliver, this.reconnect];
    choices[this.pick(choices.length)]?.call(this);
  }

  /** Lets everything arrive. The page then asks for what it cannot know, and shows the server's number. */
  settle(): void {
    if (!this.isConnected) this.reconnect();
    while (this.events.length + this.answers.length > 0) this.deliver();
    this.sync();
    for (let questions = 0; !isSure(this.state); questions += 1) {
      assert.equal(questions < 2, true, "the page asks again and again");
      this.ask();
      this.deliver();
    }
    assert.equal(unread(this.state), this.unread());
    assert.equal(this.state.conversations["c"]?.lastSeq, this.history.length);
  }

  private unread(): number {
    return this.history.filter(({ seq, sender, deletedAt }) => seq > this.readSeq && sender.id !== "ana" && deletedAt === undefined).length;
  }

  private view(): Conversation {
    const last = this.history[this.history.length - 1];
    return conversation({
      revision: this.revision,
      lastSeq: this.history.length,
      unreadCount: this.unread(),
      me: { ...settings, role: "member", deliveredSeq: this.readSeq, readSeq: this.readSeq },
      ...(last === undefined ? {} : { lastMessage: last }),
    });
  }

  private tell(event: ServerEvent): void {
    if (!this.isConnected) return;
    this.events.push(event);
    // Handlers run side by side, so two events can change places.
    if (this.pick(8) === 0) this.events.splice(-2, 2, ...this.events.slice(-2).reverse());
  }

  private send(): void {
    this.revision += 1;
    const sender = this.pick(4) === 0 ? ana : bo;
    const sent = message(this.history.length + 1, { revision: this.revision, sender: { id: sender.id, username: sender.username, displayName: sender.displayName } });
    this.history.push(sent);
    this.tell({ name: "message:received", payload: sent });
  }

  private change(): void {
    const present = this.history[this.pick(this.history.length)];
    if (present === undefined) return;
    this.revision += 1;
    const { deletedAt, ...rest } = { ...present, revision: this.revision };
    const isDeleted = deletedAt !== undefined;
    const next: Message = isDeleted || this.pick(3) === 0 ? rest : { ...rest, deletedAt: "2026-01-02T00:00:00.000Z" };
    this.history[present.seq - 1] = next;
    this.tell({ name: next.deletedAt === undefined ? "message:updated" : "message:deleted", payload: next });
  }

  private readElsewhere(): void {
    this.moveMark(Math.min(this.history.length, this.readSeq + this.pick(6)));
    this.tell({ name: "message:status", payload: marks(this.readSeq) });
  }

  private moveMark(seq: number): void {
    if (seq <= this.readSeq) return;
    this.readSeq = seq;
    this.hasMarkMoved = true;
  }

  private readHere(): void {
    const timeline = this.state.timelines["c"];
    if (!this.isConnected || timeline === undefined || timeline.messages.length === 0) return;
    const seq = Math.max(firstSeq(timeline), lastSeq(timeline) - this.pick(4));
    this.dispatch({ type: "readHere", conversationId: "c", seq });
    this.moveMark(seq);
  }

  private ask(): void {
    const view = this.view();
    this.answers.push(() => ({ type: "conversation", conversation: view, isListed: true }));
  }

  /** The page opens the conversation somewhere. */
  private load(): void {
    if (this.state.timelines["c"]?.loading !== undefined) return;
    const from = this.pick(this.history.length + 1);
    const page = this.history.slice(from, from + 5);
    this.dispatch({ type: "loadStarted", conversationId: "c", kind: "window" });
    this.answers.push(() => ({ type: "pageLoaded", conversationId: "c", page: { kind: "window", atStart: from === 0 }, messages: page }));
  }

  private deliver(): void {
    const event = this.events[0];
    if (event !== undefined && (this.answers.length === 0 || this.pick(2) === 0)) {
      // An event can come again over another connection.
      if (this.pick(6) > 0) this.events.shift();
      this.dispatch({ type: "event", event, isLive: this.isLive, now: 0 });
      return;
    }
    const [answer] = this.answers.splice(this.pick(this.answers.length), 1);
    if (answer !== undefined) this.dispatch(answer());
  }

  private reconnect(): void {
    this.isConnected = !this.isConnected;
    this.isLive = false;
    if (this.isConnected) {
      this.hasMarkMoved ||= this.pick(2) === 0;
      // Messages can come before the answer to sync.
      for (let count = this.pick(3); count > 0; count -= 1) this.send();
      while (this.events.length > 0 && this.pick(3) > 0) this.deliver();
      this.sync();
    } else {
      this.events = [];
    }
  }

  private sync(): void {
    const known = this.state.revisions["c"] ?? 0;
    const missed = this.history.filter(({ revision }) => revision > known).sort((a, b) => a.revision - b.revision);
    const isChanged = known !== this.revision;
    const answer: SyncAnswer = {
      conversations: isChanged ? [{ id: "c", revision: this.revision, conversation: this.view(), messages: missed, more: false }] : [],
      removed: [],
      marks: this.hasMarkMoved ? [{ ...marks(this.readSeq), unreadCount: this.unread() }] : [],
      users: [],
      cursor: "x",
    };
    this.hasMarkMoved = false;
    this.dispatch({ type: "synced", answer, known: { c: known } });
    this.isLive = true;
  }

  private dispatch(action: Action): void {
    this.state = reduce(this.state, action);
  }
}

test("in random walks with late, doubled and lost events, the number is the server's at rest", () => {
  // The last of them once disagreed.
  for (const seed of [...Array(400).keys(), 21_390]) {
    const walk = new Walk(random(seed));
    for (let step = 0; step < 60; step += 1) {
      walk.act();
      if (step % 20 === 19) {
        try {
          walk.settle();
        } catch (error) {
          throw new Error(`seed ${seed}, step ${step}: ${String(error)}`);
        }
      }
    }
  }
});
