import { Chunk } from "./Chunk";

/** The emoji and their names, which are large for what they are. */
const emoji = new Chunk("later", () => import("./EmojiPicker"));

export const EmojiPicker = emoji.view("EmojiPicker");
