import { KeyboardEvent, PointerEvent, useEffect, useRef, useState, WheelEvent } from "react";
import { createPortal } from "react-dom";
import { Upload } from "../client/types";
import { texts } from "../texts";
import { IconButton } from "./controls";
import { Icon } from "./icons";

const mostZoom = 6;

interface Place {
  zoom: number;
  x: number;
  y: number;
}

const whole: Place = { zoom: 1, x: 0, y: 0 };

/** Pictures over the whole window: arrow keys go through them, wheel, +/- and double click zoom, dragging moves. */
export function Lightbox({ pictures, first, onClose }: { pictures: readonly Upload[]; first: number; onClose(): void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [index, setIndex] = useState(first);
  const [place, setPlace] = useState(whole);
  const drag = useRef<{ x: number; y: number }>();
  const picture = pictures[index];

  useEffect(() => {
    if (dialog.current?.open === false) dialog.current.showModal();
  }, []);

  const show = (next: number) => {
    if (next < 0 || next >= pictures.length) return;
    setIndex(next);
    setPlace(whole);
  };
  const zoom = (factor: number) => {
    const next = Math.max(1, Math.min(mostZoom, place.zoom * factor));
    setPlace(next === 1 ? whole : { ...place, zoom: next });
  };
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
  const onPointerMove = (event: PointerEvent) => {
    if (drag.current === undefined || place.zoom === 1) return;
    setPlace({ ...place, x: place.x + event.clientX - drag.current.x, y: place.y + event.clientY - drag.current.y });
    drag.current = { x: event.clientX, y: event.clientY };
  };
  if (picture === undefined) return null;

  return createPortal(
    <dialog ref={dialog} className="lightbox" aria-label={texts.attachment.viewer} onClose={onClose} onKeyDown={onKeyDown}>
      <header>
        <bdi className="lightbox-name">{picture.name}</bdi>
        {pictures.length > 1 && <span>{texts.attachment.position(index + 1, pictures.length)}</span>}
        <IconButton icon="minus" label={texts.attachment.zoomOut} disabled={place.zoom === 1} onClick={() => zoom(1 / 1.5)} />
        <IconButton icon="plus" label={texts.attachment.zoomIn} disabled={place.zoom === mostZoom} onClick={() => zoom(1.5)} />
        <a className="icon-button" href={picture.url} download={picture.name} aria-label={texts.attachment.download(picture.name)}>
          <Icon name="download" />
        </a>
        <IconButton icon="close" label={texts.close} onClick={onClose} autoFocus />
      </header>
      <div
        className={`lightbox-stage ${place.zoom > 1 ? "is-zoomed" : ""}`}
        onClick={(event) => {
          if (event.target === event.currentTarget) onClose();
        }}
        onWheel={(event: WheelEvent) => zoom(event.deltaY < 0 ? 1.15 : 1 / 1.15)}
        onDoubleClick={() => (place.zoom > 1 ? setPlace(whole) : zoom(2.5))}
        onPointerDown={(event) => {
          drag.current = { x: event.clientX, y: event.clientY };
        }}
        onPointerMove={onPointerMove}
        onPointerUp={() => {
          drag.current = undefined;
        }}
        onPointerLeave={() => {
          drag.current = undefined;
        }}
      >
        <img
          key={picture.id}
          src={picture.url}
          alt={picture.name}
          width={picture.width}
          height={picture.height}
          draggable={false}
          style={{ transform: `translate(${place.x}px, ${place.y}px) scale(${place.zoom})` }}
        />
      </div>
      {index > 0 && (
        <IconButton className="lightbox-previous" icon="back" label={texts.attachment.previous} onClick={() => show(index - 1)} />
      )}
      {index < pictures.length - 1 && (
        <IconButton className="lightbox-next" icon="next" label={texts.attachment.next} onClick={() => show(index + 1)} />
      )}
    </dialog>,
    document.body,
  );
}
