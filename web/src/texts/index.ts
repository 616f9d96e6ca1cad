/**
 * Every word that the page shows: `import * as texts from "../texts"`. Another language is another set of these files.
 * What only lazily loaded views say is in files of its own, and so not in the first view.
 */
export * from "./account";
export * from "./attention";
export * from "./conversations";
export * from "./emoji";
export * from "./general";
export * from "./groups";
export * from "./happened";
export * from "./later";
export * from "./messages";
export * from "./player";
export * from "./receipts";
export * from "./shared";
export * from "./sheet";
export * from "./status";
export * from "./tools";
export * from "./voice";
