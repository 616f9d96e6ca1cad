import { MouseEvent, PointerEvent, useEffect, useRef } from "react";
import { isTouch } from "../lib/touch";

/** A long press takes this many milliseconds, and may stray this many pixels. */
const patience = 450;
const tolerance = 10;

interface Handlers {
  onPointerDown(event: PointerEvent<HTMLElement>): void;
  onPointerMove(event: PointerEvent): void;
  onPointerUp(): void;
  onPointerCancel(): void;
  onContextMenu(event: MouseEvent): void;
}

/** Calls `act` with the element when a finger rests on it. */
export function useLongPress(act: (element: HTMLElement) => void): Handlers {
  const press = useRef<{ timer: ReturnType<typeof setTimeout>; x: number; y: number }>();
  const end = () => {
    clearTimeout(press.current?.timer);
    press.current = undefined;
  };
  useEffect(() => end, []);
  return {
    onPointerDown: ({ currentTarget, pointerType, clientX: x, clientY: y }) => {
      end();
      if (pointerType === "touch") press.current = { timer: setTimeout(() => act(currentTarget), patience), x, y };
    },
    onPointerMove: ({ clientX, clientY }) => {
      if (press.current !== undefined && Math.hypot(clientX - press.current.x, clientY - press.current.y) > tolerance) end();
    },
    onPointerUp: end,
    onPointerCancel: end,
    // The browser would open its own menu.
    onContextMenu: (event) => {
      if (isTouch) event.preventDefault();
    },
  };
}
