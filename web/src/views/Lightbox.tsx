import { KeyboardEvent, PointerEvent, useEffect, useRef, useState, WheelEvent } from "react";
import { createPortal } from "react-dom";
import { Message, Upload } from "../client/types";
import * as texts from "../texts";
import { useChat } from "./context";
import { IconButton } from "./controls";
import { Download } from "./Download";
import { Icon } from "./icons";

const mostZoom = 6;

/** A swipe of this many pixels shows the next picture. */
const swipe = 60;

interface Point {
  x: number;
  y: number;
}

/** The zoom of a picture, and the offset of its center from the center of the stage, in pixels. */
interface Place extends Point {
  zoom: number;
}

const whole: Place = { zoom: 1, x: 0, y: 0 };

const middle = (points: readonly Point[]): Point => ({
  x: points.reduce((sum, { x }) => sum + x, 0) / points.length,
  y: points.reduce((sum, { y }) => sum + y, 0) / points.length,
});

const distance = ([a, b]: readonly Point[]): number => (a === undefined || b === undefined ? 0 : Math.hypot(a.x - b.x, a.y - b.y));

interface Props {
  message: Message;
  pictures: readonly Upload[];
  first: number;
  onClose(): void;
}

/**
 * Shows pictures in the whole window. Arrow keys and swipes go through them. The wheel, two fingers, +/- and double clicks
 * zoom, and dragging moves.
 */
export function Lightbox({ message, pictures, first, onClose }: Props) {
  const { messages } = useChat();
  const dialog = useRef<HTMLDialogElement>(null);
  const [index, setIndex] = useState(first);
  const [place, setPlace] = useState(whole);
  const stage = useRef<HTMLDivElement>(null);
  const close = useRef<HTMLButtonElement>(null);
  /** The fingers on the stage, or the pressed mouse. */
  const pointers = useRef(new Map<number, Point>());
  /** Where the gesture began, and whether it has moved since. If it has, it is not a click. */
  const gesture = useRef({ x: 0, y: 0, isMoved: false });
  const picture = pictures[index];

  useEffect(() => {
    if (dialog.current?.open === false) dialog.current.showModal();
    // The browser would focus the first button.
    close.current?.focus();
  }, []);

  const show = (next: number) => {
    if (next < 0 || next >= pictures.length) return;
    setIndex(next);
    setPlace(whole);
  };
  /** Zooms around a point of the window, which stays in place, and moves by `shift`. */
  const zoom = (factor: number, around?: Point, shift: Point = { x: 0, y: 0 }) =>
    setPlace((present) => {
      const next = Math.max(1, Math.min(mostZoom, present.zoom * factor));
      if (next === 1) return whole;
      const box = stage.current?.getBoundingClientRect();
      const scale = next / present.zoom;
      const x = around === undefined || box === undefined ? 0 : around.x - (box.left + box.width / 2);
      const y = around === undefined || box === undefined ? 0 : around.y - (box.top + box.height / 2);
      return { zoom: next, x: x - (x - present.x) * scale + shift.x, y: y - (y - present.y) * scale + shift.y };
    });
  const onKeyDown = (event: KeyboardEvent) => {
    const keys: Record<string, () => void> = {
      ArrowLeft: () => show(index - 1),
      ArrowRight: () => show(index + 1),
      "+": () => zoom(1.5),
      "-": () => zoom(1 / 1.5),
      "0": () => setPlace(whole),
    };
    const action = keys[event.key];
    if (action === undefined) return;
    event.preventDefault();
    action();
  };
  const onPointerDown = ({ pointerId, clientX: x, clientY: y }: PointerEvent) => {
    // A gesture with a second finger is not a swipe.
    gesture.current = pointers.current.size === 0 ? { x, y, isMoved: false } : { x: NaN, y: NaN, isMoved: true };
    pointers.current.set(pointerId, { x, y });
  };
  const onPointerMove = ({ pointerId, clientX: x, clientY: y }: PointerEvent) => {
    if (!pointers.current.has(pointerId)) return;
    const before = [...pointers.current.values()];
    pointers.current.set(pointerId, { x, y });
    const after = [...pointers.current.values()];
    const [from, to] = [middle(before), middle(after)];
    if (Math.hypot(x - gesture.current.x, y - gesture.current.y) > 8) gesture.current.isMoved = true;
    zoom(after.length > 1 ? distance(after) / (distance(before) || 1) : 1, from, { x: to.x - from.x, y: to.y - from.y });
  };
  const onPointerEnd = ({ pointerId, pointerType, clientX }: PointerEvent) => {
    if (!pointers.current.delete(pointerId) || pointers.current.size > 0 || place.zoom > 1 || pointerType === "mouse") return;
    const way = clientX - gesture.current.x;
    if (Math.abs(way) > swipe) show(way < 0 ? index + 1 : index - 1);
  };
  if (picture === undefined) return null;

  return createPortal(
    <dialog ref={dialog} className="lightbox" aria-label={texts.viewer.viewer} onClose={onClose} onKeyDown={onKeyDown}>
      <header>
        <bdi className="lightbox-name">{picture.name}</bdi>
        {pictures.length > 1 && <span>{texts.viewer.position(index + 1, pictures.length)}</span>}
        <IconButton icon="minus" label={texts.viewer.zoomOut} disabled={place.zoom === 1} onClick={() => zoom(1 / 1.5)} />
        <IconButton icon="plus" label={texts.viewer.zoomIn} disabled={place.zoom === mostZoom} onClick={() => zoom(1.5)} />
        <Download className="icon-button" message={message} upload={picture}>
          <Icon name="download" />
        </Download>
        <IconButton ref={close} icon="close" label={texts.close} onClick={onClose} />
      </header>
      <div
        ref={stage}
        className={`lightbox-stage ${place.zoom > 1 ? "is-zoomed" : ""}`}
        onClick={(event) => {
          if (event.target === event.currentTarget && !gesture.current.isMoved) onClose();
        }}
        onWheel={(event: WheelEvent) => zoom(event.deltaY < 0 ? 1.15 : 1 / 1.15, { x: event.clientX, y: event.clientY })}
        onDoubleClick={(event) => (place.zoom > 1 ? setPlace(whole) : zoom(2.5, { x: event.clientX, y: event.clientY }))}
        onPointerDown={onPointerDown}
        onPointerMove={onPointerMove}
        onPointerUp={onPointerEnd}
        onPointerCancel={onPointerEnd}
        onPointerLeave={onPointerEnd}
      >
        <img
          key={picture.id}
          src={picture.url}
          alt={picture.name}
          width={picture.width}
          height={picture.height}
          draggable={false}
          onError={() => void messages.renewUpload(message, picture)}
          style={{ transform: `translate(${place.x}px, ${place.y}px) scale(${place.zoom})` }}
        />
      </div>
      {index > 0 && (
        <IconButton className="lightbox-previous" icon="back" label={texts.viewer.previous} onClick={() => show(index - 1)} />
      )}
      {index < pictures.length - 1 && (
        <IconButton className="lightbox-next" icon="next" label={texts.viewer.next} onClick={() => show(index + 1)} />
      )}
    </dialog>,
    document.body,
  );
}
