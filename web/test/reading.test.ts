import assert from "node:assert/strict";
import { test } from "node:test";
import { Reading } from "../src/app/reading";
import { Parley } from "../src/client/parley";
import { Conversation, MessagePage } from "../src/client/types";
import { Store } from "../src/store/store";
import { ana, conversation, deferred, message } from "./support";

/** A conversation whose history is answered when the test says so, request by request. */
function reading() {
  const store = new Store();
  store.dispatch({ type: "signedIn", user: ana });
  store.dispatch({ type: "conversation", conversation: conversation({ lastSeq: 0 }), isListed: true });
  const requests: { resolve: (page: MessagePage) => void }[] = [];
  const fake: unknown = {
    history: () => {
      const answer = deferred<MessagePage>();
      requests.push(answer);
      return answer.promise;
    },
  };
  const shown = () => store.state.timelines["c"]?.messages.map(({ seq }) => seq);
  return { store, requests, reading: new Reading(fake as Parley, store), shown };
}

test("the answer to an earlier load does not undo a later one", async () => {
  const { store, requests, reading: history, shown } = reading();
  const opened = history.open("c");
  const jumped = history.loadNewest("c");
  requests[1]?.resolve({ messages: [], hasMore: false });
  await jumped;
  store.dispatch({ type: "messages", conversationId: "c", messages: [message(1)] });
  assert.deepEqual(shown(), [1]);
  requests[0]?.resolve({ messages: [], hasMore: false });
  await opened;
  assert.deepEqual(shown(), [1]);
});

test("a message that comes during two loads is kept, whichever is answered first", async () => {
  const { store, requests, reading: history, shown } = reading();
  const loads = [history.open("c"), history.loadNewest("c")];
  store.dispatch({ type: "messages", conversationId: "c", messages: [message(1)] });
  requests[0]?.resolve({ messages: [], hasMore: false });
  await loads[0];
  requests[1]?.resolve({ messages: [], hasMore: false });
  await loads[1];
  assert.deepEqual(shown(), [1]);
});

/** A conversation that is opened by its address, as the page is. */
function opened(changes: Partial<Conversation>, page: MessagePage) {
  const store = new Store();
  store.dispatch({ type: "signedIn", user: ana });
  const asked: string[] = [];
  const fake: unknown = {
    history: () => (asked.push("history"), Promise.resolve(page)),
    conversation: () => (asked.push("conversation"), Promise.resolve(conversation(changes))),
  };
  const history = new Reading(fake as Parley, store);
  history.openFirst("c");
  return { store, asked, history };
}

test("a conversation and its messages are asked for together, and changes between the answers are asked for again", async () => {
  const { store, asked, history } = opened({ lastSeq: 2, revision: 7 }, { messages: [message(1), message(2, { revision: 5 })], hasMore: false });
  assert.deepEqual(asked, ["conversation", "history"]);
  await history.open("c");
  assert.deepEqual(store.state.timelines["c"]?.messages.map(({ seq }) => seq), [1, 2]);
  assert.deepEqual(asked, ["conversation", "history"], "nothing is fetched twice");
  assert.equal(store.state.revisions["c"], 5, "the messages may lack what was changed up to 7");
  assert.equal(store.state.unlisted["c"], true, "the list says whether it belongs there");
  store.dispatch({ type: "conversations", conversations: [conversation({ lastSeq: 2, revision: 7 })], isComplete: true });
  assert.deepEqual([store.state.revisions["c"], store.state.unlisted["c"]], [5, undefined]);
});

test("a conversation with many unread messages begins at the first of them", async () => {
  const { store, asked, history } = opened({ lastSeq: 99, unreadCount: 90 }, { messages: [message(99)], hasMore: true });
  await history.open("c");
  assert.deepEqual(asked, ["conversation", "history", "history", "history"]);
  assert.equal(store.state.timelines["c"]?.isLoaded, true);
});
