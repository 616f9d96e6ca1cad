import { Chunk } from "./Chunk";

/** What was shared in a conversation, as lists. */
const shared = new Chunk("later", () => import("./shared"));

export const SharedView = shared.view("SharedView");

export const prefetchShared = shared.prefetch;
