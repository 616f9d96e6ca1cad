import { pollingTransport } from "../client/polling";
import { Uploader } from "../client/uploader";
import { Counting } from "./counting";
import { showInFavicon } from "./favicon";
import { Names } from "./names";
import { Notifications } from "./notifications";

/** What the first view does without, beside views. It comes with them, as one script. */
export const later = { Counting, Names, Notifications, pollingTransport, showInFavicon, Uploader };

export type Later = typeof later;
