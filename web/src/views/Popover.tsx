import { KeyboardEvent, ReactNode, RefObject, useEffect, useLayoutEffect, useRef } from "react";
import { createPortal } from "react-dom";
import { isComposing } from "../lib/keys";
import { Icon, IconName } from "./icons";

/** A place in the window, in pixels. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

interface Props {
  /** The element that opened it. It appears next to that. */
  anchor: RefObject<HTMLElement>;
  /** Where it appears instead. */
  at?: Point | undefined;
  label: string;
  role?: "menu" | "dialog";
  /** The number of items in a row. */
  columns?: number;
  onClose(): void;
  children: ReactNode;
}

const margin = 8;

/** A box next to the button that opened it. Arrow keys move the focus; Escape and clicks outside close it. */
export function Popover({ anchor, at, label, role = "menu", columns = 1, onClose, children }: Props) {
  const box = useRef<HTMLDivElement>(null);

  useLayoutEffect(() => {
    const element = box.current;
    const place = at === undefined ? anchor.current?.getBoundingClientRect() : new DOMRect(at.x, at.y, 0, 0);
    if (element === null || place === undefined) return;
    const { width, height } = element.getBoundingClientRect();
    const left = Math.min(Math.max(margin, place.left + place.width / 2 - width / 2), window.innerWidth - width - margin);
    const isBelow = place.bottom + height + margin < window.innerHeight;
    element.style.left = `${Math.max(margin, left)}px`;
    element.style.top = `${Math.max(margin, isBelow ? place.bottom + 4 : place.top - height - 4)}px`;
    focusable(element)[0]?.focus({ preventScroll: true });
  }, [anchor, at]);

  useEffect(() => {
    const opener = anchor.current;
    const closeOutside = (event: PointerEvent) => {
      if (event.target instanceof Node && !box.current?.contains(event.target) && !opener?.contains(event.target)) onClose();
    };
    document.addEventListener("pointerdown", closeOutside);
    window.addEventListener("resize", onClose);
    return () => {
      document.removeEventListener("pointerdown", closeOutside);
      window.removeEventListener("resize", onClose);
    };
  }, [anchor, onClose]);

  const onKeyDown = (event: KeyboardEvent) => {
    if (isComposing(event)) return;
    if (event.key === "Escape" || event.key === "Tab") {
      event.preventDefault();
      event.stopPropagation();
      onClose();
      anchor.current?.focus();
      return;
    }
    const step = { ArrowDown: columns, ArrowRight: 1, ArrowUp: -columns, ArrowLeft: -1 }[event.key];
    if (step === undefined || box.current === null) return;
    const items = focusable(box.current);
    const index = items.findIndex((item) => item === document.activeElement);
    const isField = items[index]?.tagName === "INPUT";
    // In a text field, these keys move the caret.
    if (isField && Math.abs(step) === 1) return;
    event.preventDefault();
    items[(index + (isField ? Math.sign(step) : step) + items.length) % items.length]?.focus();
  };

  // Inside the landmark it belongs to, but outside anything that scrolls or clips.
  const place = anchor.current?.closest("main, .sidebar") ?? document.body;
  return createPortal(
    <div ref={box} className="popover" role={role} aria-label={label} onKeyDown={onKeyDown}>
      {children}
    </div>,
    place,
  );
}

interface MenuItemProps {
  label: string;
  icon?: IconName;
  isDanger?: boolean;
  /** One of several: whether it is the chosen one. */
  isChosen?: boolean;
  /** What stands at its end, such as the present value. */
  note?: string;
  onSelect(): void;
}

export function MenuItem({ label, icon, isDanger = false, isChosen, note, onSelect }: MenuItemProps) {
  const role = isChosen === undefined ? "menuitem" : "menuitemradio";
  return (
    <button type="button" role={role} aria-checked={isChosen} className={`menu-item ${isDanger ? "is-danger" : ""}`} onClick={onSelect}>
      {icon !== undefined && <Icon name={icon} size={18} />}
      {label}
      {note !== undefined && <span className="menu-note">{note}</span>}
    </button>
  );
}

function focusable(element: HTMLElement): HTMLElement[] {
  return Array.from(element.querySelectorAll<HTMLElement>("[role^=menuitem], input, .emoji-grid button, .emoji-tones button"));
}
