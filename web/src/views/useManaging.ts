import { Managing, managing } from "../app/managing";
import { useChat } from "./context";

/** For views that are loaded later. */
export function useManaging(): Managing {
  return managing(useChat());
}
