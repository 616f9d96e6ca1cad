import { Marks, Message, ServerEvent } from "../client/types";
import { separateMarks } from "../store/conversations";
import { Store } from "../store/store";
import { typingLife } from "../store/typing";
import { CatchingUp } from "./catchingUp";
import { Conversations } from "./conversations";
import { Delivery } from "./delivery";
import { People } from "./people";

/** A typing mark is checked this long after it expires, in milliseconds. */
const typingMargin = 100;

/** What an event of the server leads to, beyond the change of state that the reducer makes of it. */
export class Incoming {
  constructor(
    private readonly store: Store,
    private readonly catchingUp: CatchingUp,
    private readonly conversations: Conversations,
    private readonly people: People,
    private readonly delivery: Delivery,
    private readonly notify: (message: Message) => void,
    private readonly marksMoved: (marks: Marks) => void,
  ) {}

  receive(event: ServerEvent): void {
    this.store.dispatch({ type: "event", event, isLive: this.catchingUp.isLive, now: Date.now() });
    switch (event.name) {
      case "ready":
        void this.catchingUp.start(event.payload.cursor);
        break;
      case "message:received":
        this.delivery.confirmSoon();
        if (this.store.state.conversations[event.payload.conversationId] === undefined) {
          void this.conversations.refresh(event.payload.conversationId, true);
        } else {
          this.notify(event.payload);
        }
        break;
      case "message:status":
        for (const marks of separateMarks(event.payload)) this.marksMoved(marks);
        break;
      case "user:blocked":
        void this.people.loadBlocked();
        break;
      case "typing":
        setTimeout(() => this.store.dispatch({ type: "typingExpired", now: Date.now() }), typingLife + typingMargin);
        break;
    }
  }
}
