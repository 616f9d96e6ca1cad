import { User } from "../client/types";
import * as texts from "../texts";
import { BlockButton } from "./BlockButton";

/** Takes the place of the composer if nobody can write: the account is closed, or the user has blocked the person. */
export function NoComposer({ user }: { user: User }) {
  if (user.closed === true) return <div className="composer composer-blocked">{texts.silence.closed(user.displayName)}</div>;
  return (
    <div className="composer composer-blocked">
      {texts.silence.blocked(user.displayName)}
      <BlockButton user={user} />
    </div>
  );
}
