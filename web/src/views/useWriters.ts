import { Writers, writers } from "../app/writers";
import { useChat } from "./context";

/** For views that are loaded later. */
export function useWriters(): Writers {
  return writers(useChat());
}
