import { Component, ComponentType, lazy, ReactNode, Suspense } from "react";
import * as texts from "../texts";
import { Spinner } from "./controls";

/** A script that is fetched when it is needed, or before, with a style sheet whose address the page names. */
export class Chunk<M> {
  private loaded: M | undefined;
  private loading: Promise<M> | undefined;

  constructor(private readonly name: string, private readonly load: () => Promise<M>) {}

  /** Fetches it once. After a failure the next call tries again. */
  fetch = (): Promise<M> => {
    this.loading ??= Promise.all([this.load(), styles(this.name)])
      .then(([module]) => {
        this.loaded = module;
        // What it was missing from can be shown now.
        for (const safety of broken) safety.setState({ isBroken: false });
        return module;
      })
      .catch((error: unknown) => {
        this.loading = undefined;
        throw error;
      });
    return this.loading;
  };

  /** Fetches it in the background, so that it opens at once, offline too. */
  prefetch = (): void => {
    // If this fails, the next call tries again, and so does the view that needs it.
    this.fetch().catch(() => {});
  };

  /** A view of the script. It shows at once if it is there. */
  view<Name extends keyof M>(name: Name): M[Name] {
    const Later = lazy(async () => ({ default: (await this.fetch())[name] as ComponentType<unknown> }));
    const View = (props: object) => {
      const Present = this.loaded?.[name] as ComponentType<object> | undefined;
      return Present === undefined ? <Later {...props} /> : <Present {...props} />;
    };
    return View as M[Name];
  }
}

const sheets = new Map<string, Promise<void>>();

/** Chunks can share a style sheet. */
function styles(name: string): Promise<void> {
  const sheet = sheets.get(name) ?? loadStyles(name);
  sheets.set(name, sheet);
  sheet.catch(() => sheets.delete(name));
  return sheet;
}

async function loadStyles(name: string): Promise<void> {
  const link = document.createElement("link");
  link.rel = "stylesheet";
  link.href = document.querySelector<HTMLMetaElement>(`meta[name=${name}-styles]`)?.content ?? "";
  await new Promise((resolve, reject) => {
    link.onload = resolve;
    link.onerror = reject;
    document.head.append(link);
  });
}

/** Shows a spinner while a view is fetched. If it cannot be fetched, the rest of the page goes on working. */
export function Fetched({ children, fallback = <Spinner /> }: { children: ReactNode; fallback?: ReactNode }) {
  return (
    <Safety>
      <Suspense fallback={fallback}>{children}</Suspense>
    </Safety>
  );
}

/** A part of a view that it can be without: nothing is there while it is fetched, and `missing` if it cannot be fetched. */
export function Extra({ children, missing = null }: { children: ReactNode; missing?: ReactNode }) {
  return (
    <Safety missing={missing}>
      <Suspense fallback={null}>{children}</Suspense>
    </Safety>
  );
}

const broken = new Set<Safety>();

/**
 * Catches the errors that no view handles, such as a script that cannot be fetched. Unless it is told what to show instead,
 * it offers to load the page again.
 */
export class Safety extends Component<{ children: ReactNode; missing?: ReactNode }, { isBroken: boolean }> {
  override state = { isBroken: false };

  static getDerivedStateFromError() {
    return { isBroken: true };
  }

  override componentDidCatch() {
    broken.add(this);
  }

  override componentWillUnmount() {
    broken.delete(this);
  }

  override render() {
    if (!this.state.isBroken) return this.props.children;
    if (this.props.missing !== undefined) return this.props.missing;
    return (
      <main className="pane restoring" role="alert">
        <p>{texts.broken}</p>
        <button type="button" className="button primary" onClick={() => window.location.reload()}>
          {texts.reload}
        </button>
      </main>
    );
  }
}
