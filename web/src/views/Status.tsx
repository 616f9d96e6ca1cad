import { User } from "../client/types";
import { isQuiet, saidBy } from "../store/status";
import * as texts from "../texts";
import { useStore } from "./context";

type Of = Pick<User, "statusMessage" | "doNotDisturb">;

/** What somebody says of themselves, beside their name; nothing if they say nothing. */
export function Status({ user, before = "" }: { user: Of; before?: string }) {
  const said = useStore((state) => saidBy(user, state.now));
  if (said === undefined) return null;
  return (
    <span className="status" title={said.text}>
      {before}
      {said.emoji} <bdi>{said.text}</bdi>
    </span>
  );
}

/** Says in words what a crossed bell shows. */
export function Quiet({ user, before = "" }: { user: Of; before?: string }) {
  return useStore((state) => isQuiet(user, state.now)) ? (
    <>
      {before}
      {texts.quiet}
    </>
  ) : null;
}
