import { Chunk } from "./Chunk";

/** What shows a conversation. The page asks for it while it asks for its session. */
const thread = new Chunk("thread", () => import("./thread"));

export const ConversationView = thread.view("ConversationView");

export const prefetchThread = thread.prefetch;
