import { Chunk } from "./Chunk";

/** The sheet on which files are looked at before they are sent. */
const sheet = new Chunk("later", () => import("./sheet"));

export const SendSheet = sheet.view("SendSheet");
