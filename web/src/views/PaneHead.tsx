import { Route } from "../app/router";
import * as texts from "../texts";
import { Link } from "./controls";
import { Icon } from "./icons";

/** The header of a view. On a phone it has a back button. */
export function PaneHead({ title, back = { view: "home" }, isBackAlways = false }: { title: string; back?: Route; isBackAlways?: boolean }) {
  return (
    <header className="pane-head">
      <Link to={back} label={texts.back} className={`icon-button ${isBackAlways ? "" : "only-phone"}`}>
        <Icon name="back" />
      </Link>
      <h1>{title}</h1>
    </header>
  );
}
