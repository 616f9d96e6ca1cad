import { ApiError } from "../client/errors";
import { Outbox } from "../client/outbox";
import { Parley } from "../client/parley";
import { Id, Message } from "../client/types";
import { newId } from "../lib/ids";
import { Act, Change } from "../store/act";
import { Store } from "../store/store";
import { problemText } from "../texts/problems";
import { Notices } from "./notices";

/** Edits, deletions and reactions. Like messages they wait for the connection, and are shown as if they were done. */
export class Acts {
  /** Called with an edit that the server refused, and why. */
  onEditFailed: (act: Act, problem: string) => void = () => {};

  /** The ids of messages that were sent from here, by `clientId`. */
  private readonly sent = new Map<string, Id>();

  constructor(
    private readonly parley: Parley,
    private readonly store: Store,
    private readonly outbox: Outbox,
    private readonly notices: Notices,
  ) {}

  clear(): void {
    this.sent.clear();
  }

  edit(conversationId: Id, target: string, text: string): void {
    const id = this.sent.get(target) ?? target;
    const waiting = this.untried(id, "edit")[0];
    if (waiting === undefined) this.add(conversationId, id, { kind: "edit", text });
    else if (this.message(conversationId, id)?.text === text) this.drop(waiting);
    else this.store.dispatch({ type: "actChanged", act: { ...waiting, change: { kind: "edit", text } } });
  }

  /** Deletes a message. What was to be done to it before is not done any more. */
  remove(conversationId: Id, target: string): void {
    const id = this.sent.get(target) ?? target;
    for (const kind of ["edit", "react"] as const) for (const act of this.untried(id, kind)) this.drop(act);
    this.add(conversationId, id, { kind: "delete" });
  }

  /** Adds a reaction of the user's, or takes it back if `message`, as it is shown, has it. */
  react(message: Message, emoji: string): void {
    const meId = this.store.state.me?.id ?? "";
    const isMine = message.reactions.some((reaction) => reaction.emoji === emoji && reaction.userIds.includes(meId));
    const waiting = this.untried(message.id, "react").find(({ change }) => change.kind === "react" && change.emoji === emoji);
    if (waiting !== undefined) this.drop(waiting);
    else this.add(message.conversationId, message.id, { kind: "react", emoji, add: !isMine });
  }

  /** Goes on with an act that the page was closed over. */
  restore(act: Act): void {
    this.store.dispatch({ type: "actChanged", act });
    if (act.problem === undefined) this.enqueue(act);
  }

  /** A message was sent: what is to be done to it can be done now. */
  messageSent(clientId: string, id: Id): void {
    this.sent.set(clientId, id);
    this.store.dispatch({ type: "actsMoved", clientId, target: id });
  }

  /** Forgets an act. */
  drop(act: Act): void {
    this.outbox.remove(act.id);
    this.store.dispatch({ type: "actRemoved", act });
  }

  private add(conversationId: Id, target: string, change: Change): void {
    const act: Act = { id: newId(), conversationId, target, change, createdAt: new Date().toISOString() };
    this.store.dispatch({ type: "actChanged", act });
    this.enqueue(act);
  }

  private enqueue({ id, conversationId }: Act): void {
    this.outbox.add({
      key: id,
      conversationId,
      transmit: () => this.transmit(id),
      onSent: (message) => {
        this.store.dispatch({ type: "messages", conversationId: message.conversationId, messages: [message] });
        const act = this.find(id);
        if (act !== undefined) this.drop(act);
      },
      onFailed: (error) => this.failed(id, error),
    });
  }

  private transmit(id: string): Promise<Message> {
    const act = this.find(id);
    if (act === undefined) return Promise.reject(new ApiError(0, "gone", ""));
    if (act.isTried !== true) this.store.dispatch({ type: "actChanged", act: { ...act, isTried: true } });
    const { target, change } = act;
    switch (change.kind) {
      case "edit":
        return this.parley.edit(target, change.text);
      case "delete":
        return this.parley.deleteMessage(target);
      case "react":
        return this.parley.react(target, change.emoji, change.add);
    }
  }

  private failed(id: string, error: ApiError): void {
    const act = this.find(id);
    if (act === undefined) return;
    this.drop(act);
    const { kind } = act.change;
    if (kind === "edit") this.onEditFailed(act, problemText(error));
    // What is to be deleted may be gone already.
    else if (kind !== "delete" || !["not_found", "gone"].includes(error.code)) this.notices.show(problemText(error), true);
  }

  private untried(target: string, kind: Change["kind"]): readonly Act[] {
    const acts = this.store.state.acts[target] ?? [];
    return acts.filter((act) => act.change.kind === kind && act.isTried !== true && act.problem === undefined);
  }

  private message(conversationId: Id, id: Id): Message | undefined {
    return this.store.state.timelines[conversationId]?.messages.find((message) => message.id === id);
  }

  private find(id: string): Act | undefined {
    return Object.values(this.store.state.acts).flat().find((act) => act.id === id);
  }
}
