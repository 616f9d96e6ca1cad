import assert from "node:assert/strict";
import { test } from "node:test";
import { Reading } from "../src/app/reading";
import { Parley } from "../src/client/parley";
import { MessagePage } from "../src/client/types";
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
