import { Chunk } from "./Chunk";

/** The recorder of voice messages. */
const voice = new Chunk("later", () => import("./Recorder"));

export const Recorder = voice.view("Recorder");
