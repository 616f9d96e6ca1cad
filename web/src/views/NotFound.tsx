import { ReactNode } from "react";
import * as texts from "../texts";
import { Empty, Link } from "./controls";

export function NotFound({ children }: { children?: ReactNode }) {
  return (
    <main className="pane home">
      <Empty isPage icon="search" title={texts.notFound.title} text={texts.notFound.text}>
        <Link className="button" to={{ view: "home" }}>
          {texts.notFound.action}
        </Link>
        {children}
      </Empty>
    </main>
  );
}
