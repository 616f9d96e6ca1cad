/** The sheet of a draft's files. It is one script, which lazySheet.tsx fetches when it is opened. */
import { addIcons } from "./icons";
import { sheetShapes } from "./sheetIcons";

export { SendSheet } from "./SendSheet";

addIcons(sheetShapes);
