import { KeyboardEvent, MouseEvent, PointerEvent, useEffect, useMemo, useRef, useState, WheelEvent } from "react";
import { createPortal } from "react-dom";
import { navigate } from "../app/router";
import { Shared, sharedFrom } from "../app/shared";
import { indexAt, itemBeside, Place as ItemPlace, placeOf, presentItems, walkable } from "../app/sharedItems";
import { Id, Message, SharedItem, Upload } from "../client/types";
import { plainText } from "../lib/plain";
import { fullTime } from "../texts/time";
import * as texts from "../texts";
import { useChat } from "./context";
import { IconButton } from "./controls";
import { Download } from "./Download";
import { Film } from "./Film";
import { Icon } from "./icons";
import { Sound } from "./Sound";
import { stillSource, wholeSource } from "./sources";
import { useMotion } from "./useMotion";
import { useSenderName, useShared } from "./useShared";

const mostZoom = 6;

/** A swipe of this many pixels shows the next picture. */
const swipe = 60;

/** Further items are fetched when an end is nearer than this. */
const near = 20;

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

/** Looks at a picture of a message, and from there at all of the conversation. */
export function MessageViewer({ message, uploadId, onClose }: { message: Message; uploadId: Id; onClose(): void }) {
  const chat = useChat();
  const [shared] = useState(() => sharedFrom(chat, message));
  return <Lightbox shared={shared} conversationId={message.conversationId} first={{ key: `${message.id}/${uploadId}`, messageId: message.id, seq: message.seq }} onClose={onClose} />;
}

interface Props {
  shared: Shared;
  conversationId: Id;
  /** The item that is opened. */
  first: ItemPlace;
  onClose(): void;
}

/**
 * Shows pictures and films in the whole window, oldest first. Arrow keys and swipes go through them. The wheel, two fingers,
 * +/- and double clicks zoom, and dragging moves.
 */
export function Lightbox({ shared, conversationId, first, onClose }: Props) {
  const chat = useChat();
  const dialog = useRef<HTMLDialogElement>(null);
  const all = useShared(shared, first.messageId);
  const [current, setCurrent] = useState(first);
  const items = useMemo(() => walkable(all, current.key), [all, current.key]);
  const [isBroken, setBroken] = useState(false);
  /** Counts the steps: the last one counts. */
  const steps = useRef(0);
  const [place, setPlace] = useState(whole);
  const stage = useRef<HTMLDivElement>(null);
  const closer = useRef<HTMLButtonElement>(null);
  /** The fingers on the stage, or the pressed mouse. */
  const pointers = useRef(new Map<number, Point>());
  /** Where the gesture began, and whether it has moved since. If it has, it is not a click. */
  const gesture = useRef({ x: 0, y: 0, isMoved: false });
  // What was looked at may have been deleted since.
  const index = indexAt(items, current);
  const item = items[index];
  const upload = item?.attachment;

  useEffect(() => {
    if (dialog.current?.open === false) dialog.current.showModal();
    // The browser would focus the first button.
    closer.current?.focus();
  }, []);
  useEffect(() => {
    if (index < near && shared.hasMore.older) void shared.load("older");
    if (index >= items.length - near && shared.hasMore.newer) void shared.load("newer");
  }, [shared, all, index, items.length]);
  const isGone = item === undefined;
  useEffect(() => {
    if (isGone) onClose();
  }, [isGone, onClose]);
  const following = items[index + 1]?.attachment;
  const followingUrl = following?.kind === "image" ? wholeSource(following) : undefined;
  useEffect(() => {
    if (followingUrl !== undefined) new Image().src = followingUrl;
  }, [followingUrl]);

  // Closed this way, the focus goes back to where it was.
  const close = () => dialog.current?.close();
  const step = async (by: 1 | -1) => {
    if (item === undefined) return;
    const from = placeOf(item);
    const turn = ++steps.current;
    let next = items[index + by];
    const isDone = () => {
      const { state } = chat.store;
      const conversation = state.conversations[conversationId] ?? { kind: "group" };
      next ??= itemBeside(walkable(presentItems(shared.items, state, conversation, first.messageId), from.key), from, by);
      return next !== undefined || turn !== steps.current || dialog.current === null;
    };
    const hasCome = next !== undefined || (await shared.loadUntil(by > 0 ? "newer" : "older", isDone));
    if (turn !== steps.current || dialog.current === null) return;
    setBroken(!hasCome);
    if (next === undefined) return;
    setCurrent(placeOf(next));
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
      ArrowLeft: () => void step(-1),
      ArrowRight: () => void step(1),
      "+": () => zoom(1.5),
      "-": () => zoom(1 / 1.5),
      "0": () => setPlace(whole),
    };
    const action = keys[event.key];
    // The arrow keys belong to what they move.
    if (action === undefined || event.target instanceof HTMLInputElement) return;
    event.preventDefault();
    event.stopPropagation();
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
    if (Math.abs(way) > swipe) void step(way < 0 ? 1 : -1);
  };
  const motion = useMotion(upload);
  if (item === undefined || upload === undefined) return null;
  const { id, name, alt, kind, width, height } = upload;
  const siblings = items.filter(({ messageId }) => messageId === item.messageId);
  const message = { id: item.messageId };
  const renew = () => void shared.renew(item.messageId, id, upload.url);
  const isPicture = kind === "image";
  const text = plainText(item.text);

  return createPortal(
    <dialog ref={dialog} className="lightbox" aria-label={texts.viewer.viewer} onClose={onClose} onKeyDownCapture={onKeyDown}>
      <header>
        <div className="lightbox-about" role="status">
          <bdi className="lightbox-sender">
            <Sender item={item} />
          </bdi>
          <span className="lightbox-note">
            {siblings.length > 1 && <span>{texts.viewer.position(siblings.indexOf(item) + 1, siblings.length)} · </span>}
            <time dateTime={item.createdAt}>{fullTime(item.createdAt)}</time> · <bdi className="lightbox-name">{name}</bdi>
          </span>
        </div>
        {isPicture && (
          <>
            {motion.isAnimation === true && (
              <IconButton
                icon={motion.isWanted ? "pause" : "play"}
                label={motion.isWanted ? texts.player.pause(name) : texts.player.play(name)}
                onClick={motion.toggle}
              />
            )}
            <IconButton icon="minus" label={texts.viewer.zoomOut} disabled={place.zoom === 1} onClick={() => zoom(1 / 1.5)} />
            <IconButton icon="plus" label={texts.viewer.zoomIn} disabled={place.zoom === mostZoom} onClick={() => zoom(1.5)} />
          </>
        )}
        <Download className="icon-button" message={message} upload={upload}>
          <Icon name="download" />
        </Download>
        <IconButton ref={closer} icon="close" label={texts.close} onClick={close} />
      </header>
      <div
        ref={stage}
        className={`lightbox-stage ${place.zoom > 1 ? "is-zoomed" : ""}`}
        onClick={(event) => {
          if (event.target === event.currentTarget && !gesture.current.isMoved) close();
        }}
        {...(isPicture && {
          onWheel: (event: WheelEvent) => zoom(event.deltaY < 0 ? 1.15 : 1 / 1.15, { x: event.clientX, y: event.clientY }),
          onDoubleClick: (event: MouseEvent) => (place.zoom > 1 ? setPlace(whole) : zoom(2.5, { x: event.clientX, y: event.clientY })),
          onPointerMove,
        })}
        onPointerDown={onPointerDown}
        onPointerUp={onPointerEnd}
        onPointerCancel={onPointerEnd}
        onPointerLeave={onPointerEnd}
      >
        {kind === "video" ? (
          <Film key={id} upload={upload} message={message} width={filmWidth(upload)} onError={renew} />
        ) : kind === "audio" ? (
          <Sound key={id} upload={upload} message={message} onError={renew} />
        ) : (
          <img
            key={id}
            // What may move stands still until that is known.
            src={motion.isWanted || motion.isAnimation === false ? wholeSource(upload) : stillSource(upload)}
            alt={alt ?? name}
            width={width}
            height={height}
            draggable={false}
            onError={renew}
            style={{ transform: `translate(${place.x}px, ${place.y}px) scale(${place.zoom})` }}
          />
        )}
      </div>
      {isBroken && (
        <p className="lightbox-failed" role="alert">
          {texts.shared.failed}
        </p>
      )}
      <footer>
        {(text !== "" || alt !== undefined) && (
          <div className="lightbox-words" tabIndex={0} role="group" aria-label={texts.viewer.words}>
            {text !== "" && (
              <p className="lightbox-caption" dir="auto">
                {text}
              </p>
            )}
            {alt !== undefined && (
              <p className="lightbox-alt" dir="auto">
                {texts.shared.description} {alt}
              </p>
            )}
          </div>
        )}
        <button
          type="button"
          className="button"
          onClick={() => {
            close();
            navigate({ view: "conversation", id: conversationId, seq: item.seq });
          }}
        >
          <Icon name="goto" size={18} />
          {texts.shared.showInChat}
        </button>
      </footer>
      {(index > 0 || shared.hasMore.older) && (
        <IconButton className="lightbox-previous" icon="back" label={texts.viewer.previous} onClick={() => void step(-1)} />
      )}
      {(index < items.length - 1 || shared.hasMore.newer) && (
        <IconButton className="lightbox-next" icon="next" label={texts.viewer.next} onClick={() => void step(1)} />
      )}
    </dialog>,
    document.body,
  );
}

function Sender({ item }: { item: SharedItem }) {
  return <>{useSenderName(item)}</>;
}

/** As wide as the window has room for; a small film is not blown up without end. */
function filmWidth({ width = 320, height = 240 }: Upload): string {
  return `min(96vw, ${Math.max(640, width)}px, ${(100 * width) / height}dvh - ${(180 * width) / height}px)`;
}
