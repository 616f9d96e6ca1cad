import { ButtonHTMLAttributes, forwardRef, MouseEvent, ReactNode } from "react";
import { navigate, pathOf, Route } from "../app/router";
import * as texts from "../texts";
import { Icon, IconName } from "./icons";

interface IconButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  icon: IconName;
  label: string;
}

export const IconButton = forwardRef<HTMLButtonElement, IconButtonProps>(({ icon, label, className, ...rest }, ref) => (
  <button ref={ref} type="button" className={`icon-button ${className ?? ""}`} aria-label={label} title={label} {...rest}>
    <Icon name={icon} />
  </button>
));

interface LinkProps {
  to: Route;
  className?: string;
  label?: string;
  isCurrent?: boolean;
  replace?: boolean;
  children: ReactNode;
}

/** A link within the page. It has a real address, so opening it in a new tab works. */
export function Link({ to, className, label, isCurrent, replace = false, children }: LinkProps) {
  const follow = (event: MouseEvent) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    navigate(to, { replace });
  };
  return (
    <a
      href={pathOf(to)}
      onClick={follow}
      className={className}
      aria-label={label}
      title={label}
      aria-current={isCurrent === true ? "page" : undefined}
    >
      {children}
    </a>
  );
}

export function Spinner({ label = texts.loading }: { label?: string }) {
  return (
    <div className="spinner" role="status">
      <span className="visually-hidden">{label}</span>
    </div>
  );
}

/** A view that is being fetched. */
export function LoadingPane() {
  return (
    <main className="pane">
      <Spinner />
    </main>
  );
}

interface EmptyProps {
  icon: IconName;
  title: string;
  text?: string;
  /** Whether this is the whole page, so that its title is the page's heading. */
  isPage?: boolean;
  children?: ReactNode;
}

/** Says that there is nothing to show. */
export function Empty({ icon, title, text, isPage = false, children }: EmptyProps) {
  const Title = isPage ? "h1" : "p";
  return (
    <div className="empty">
      <span className="empty-icon">
        <Icon name={icon} size={30} />
      </span>
      <Title className="empty-title">{title}</Title>
      {text !== undefined && <p className="empty-text">{text}</p>}
      {children}
    </div>
  );
}
