import { Fragment, useEffect, useLayoutEffect, useMemo, useReducer, useRef, useState } from "react";
import { routeOf, SharedKind } from "../app/router";
import { Shared } from "../app/shared";
import { keyOf, Place, placeOf } from "../app/sharedItems";
import { Id, SharedItem, Upload } from "../client/types";
import { byteSize } from "../lib/format";
import { plainText } from "../lib/plain";
import { groupsOf, partsOf, partsWithin } from "../lib/sharedRows";
import { isVoiceMessage } from "../lib/voice";
import { duration, fullTime, monthLabel, shortTime } from "../texts/time";
import * as texts from "../texts";
import { useStore } from "./context";
import { Link, Spinner } from "./controls";
import { Download } from "./Download";
import { Icon } from "./icons";
import { Lightbox } from "./Lightbox";
import { sourceFor } from "./sources";
import { useSenderName } from "./useShared";

/** In CSS pixels. */
const narrowest = 116;
const gap = 4;
const caption = 24;
const heading = 48;
const lineHeight = 72;

/** So much is rendered beyond what is in view, and more is fetched when the end is nearer than this. */
const overscan = 500;
const near = 1500;

interface Props {
  shared: Shared;
  entries: readonly SharedItem[];
  conversationId: Id;
  kind: SharedKind;
}

const entryKey = (entry: SharedItem) => `${keyOf(entry)}${entry.links?.[0] ?? ""}`;

/** A list of what was shared that renders what is in view. Media are tiles, files and links are lines. */
export function SharedList({ shared, entries, conversationId, kind }: Props) {
  const scroller = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState({ width: 0, height: 0 });
  const [viewed, setViewed] = useState<Place>();
  const [, update] = useReducer((count: number) => count + 1, 0);
  // Months are those of the local calendar.
  const today = useStore((state) => state.today);
  const columns = kind === "media" ? Math.max(2, Math.floor((size.width + gap) / (narrowest + gap))) : 1;
  const tile = Math.floor((size.width - gap * (columns - 1)) / columns);
  const row = kind === "media" ? tile + caption + gap : lineHeight;
  const parts = useMemo(
    () => partsOf(entries, ({ createdAt }) => monthLabel(createdAt), { columns, heading, row }),
    // `today` changes with the time zone.
    [entries, columns, row, today],
  );
  const last = parts[parts.length - 1];
  const total = last === undefined ? 0 : last.top + last.height;
  const top = scroller.current?.scrollTop ?? 0;
  const visible = size.width === 0 ? [] : partsWithin(parts, top - overscan, top + size.height + overscan);

  useLayoutEffect(() => {
    const element = scroller.current;
    if (element === null) return undefined;
    const measure = () => {
      const style = getComputedStyle(element);
      setSize({ width: element.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight), height: element.clientHeight });
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const isNearEnd = top + size.height > total - near;
  useEffect(() => {
    if (isNearEnd && size.height > 0 && shared.hasMore.older && !shared.isBroken) void shared.load("older");
  }, [shared, isNearEnd, size.height, entries]);
  // What is shared meanwhile comes on top and moves nothing of what is in view.
  const first = useRef<{ key: string; top: number }>();
  useLayoutEffect(() => {
    const element = scroller.current;
    const before = first.current;
    const now = before && parts.find(({ items }) => items.some((item) => entryKey(item) === before.key));
    if (element !== null && before !== undefined && now !== undefined && element.scrollTop > 0) element.scrollTop += now.top - before.top;
  }, [parts]);
  const inView = parts.length === 0 ? undefined : partsWithin(parts, top, top + size.height).find(({ month }) => month === undefined);
  useLayoutEffect(() => {
    const [item] = inView?.items ?? [];
    first.current = inView && item && { key: entryKey(item), top: inView.top };
  });

  return (
    <div className={`shared-list is-${kind}`} ref={scroller} onScroll={update} tabIndex={-1}>
      <div className="shared-parts" style={{ height: total }}>
        {groupsOf(visible).map(({ key, heading: head, rows }) => (
          <Fragment key={key}>
            {head !== undefined && (
              <h2 className="shared-month" style={{ transform: `translateY(${head.top}px)` }}>
                {head.month}
              </h2>
            )}
            {/* Of a month at the edge there can be no row in view. */}
            <ul hidden={rows.length === 0}>
              {rows.flatMap(({ top: rowTop, items }) =>
                items.map((item, column) => (
                  <li key={entryKey(item)} style={{ transform: `translate(${column * (tile + gap)}px, ${rowTop}px)`, width: tile, height: row - gap }}>
                    {item.attachment === undefined ? (
                      <LinkLine item={item} conversationId={conversationId} />
                    ) : kind === "media" ? (
                      <Tile item={item} upload={item.attachment} size={tile} shared={shared} onOpen={() => setViewed(placeOf(item))} />
                    ) : (
                      <FileLine item={item} upload={item.attachment} conversationId={conversationId} shared={shared} />
                    )}
                  </li>
                )),
              )}
            </ul>
          </Fragment>
        ))}
      </div>
      {shared.isBroken ? (
        <button type="button" className="button wide" onClick={() => void shared.follow()}>
          {texts.retry}
        </button>
      ) : (
        shared.hasMore.older && <Spinner />
      )}
      {viewed !== undefined && <Lightbox shared={shared} conversationId={conversationId} first={viewed} onClose={() => setViewed(undefined)} />}
    </div>
  );
}

interface TileProps {
  item: SharedItem;
  upload: Upload;
  size: number;
  shared: Shared;
  onOpen(): void;
}

function Tile({ item, upload, size, shared, onOpen }: TileProps) {
  const sender = useSenderName(item);
  const name = isVoiceMessage(upload.name) ? texts.voice.message : upload.name;
  const hasPicture = upload.thumbnails.length > 0 || upload.kind === "image";
  return (
    <button
      type="button"
      className={`shared-tile is-${upload.kind}`}
      aria-label={texts.shared.openItem(upload.alt ?? name, sender, fullTime(item.createdAt))}
      title={name}
      onClick={onOpen}
    >
      <span className="shared-picture" style={{ height: size }}>
        {hasPicture ? (
          <img src={sourceFor(upload, { width: size, height: size })} alt="" loading="lazy" decoding="async" draggable={false} onError={() => void shared.renew(item.messageId, upload.id, upload.url)} />
        ) : (
          <>
            <Icon name={upload.kind === "audio" ? "music" : "play"} size={30} />
            <bdi className="shared-name">{name}</bdi>
          </>
        )}
        {upload.kind === "video" && hasPicture && (
          <span className="shared-sign">
            <Icon name="play" size={18} />
          </span>
        )}
        {upload.duration !== undefined && <span className="shared-length">{duration(upload.duration)}</span>}
      </span>
      <span className="shared-caption">
        <bdi>{sender}</bdi>
        <time dateTime={item.createdAt}>{shortTime(item.createdAt)}</time>
      </span>
    </button>
  );
}

/** Who shared something, and when. */
function Origin({ item }: { item: SharedItem }) {
  const sender = useSenderName(item);
  return (
    <>
      <bdi>{sender}</bdi> · <time dateTime={item.createdAt}>{shortTime(item.createdAt)}</time>
    </>
  );
}

function GoTo({ item, conversationId, name }: { item: SharedItem; conversationId: Id; name: string }) {
  return (
    <Link to={{ view: "conversation", id: conversationId, seq: item.seq }} className="icon-button" label={texts.shared.show(name)}>
      <Icon name="goto" />
    </Link>
  );
}

function FileLine({ item, upload, conversationId, shared }: { item: SharedItem; upload: Upload; conversationId: Id; shared: Shared }) {
  const page = upload.thumbnails.find(({ size }) => size === "small");
  return (
    <div className="shared-line">
      <Download className="shared-open" message={{ id: item.messageId }} upload={upload}>
        <span className="shared-icon">
          {page === undefined ? (
            <Icon name="file" />
          ) : (
            <img src={page.url} alt="" loading="lazy" decoding="async" draggable={false} onError={() => void shared.renew(item.messageId, upload.id, upload.url)} />
          )}
        </span>
        <span className="shared-text">
          <bdi className="shared-title">{upload.name}</bdi>
          <span className="shared-note">
            {texts.fileType(upload.type, upload.name)} · {byteSize(upload.size)} · <Origin item={item} />
          </span>
        </span>
      </Download>
      <GoTo item={item} conversationId={conversationId} name={upload.name} />
    </div>
  );
}

function LinkLine({ item, conversationId }: { item: SharedItem; conversationId: Id }) {
  const [href = ""] = item.links ?? [];
  const bare = href.replace(/^https?:\/\//i, "").replace(/\/$/, "");
  const words = plainText(item.text).replace(/\s+/g, " ");
  const route = isAddress(href) ? routeOf(href) : undefined;
  const content = (
    <>
      <span className="shared-icon">
        <Icon name="link" />
      </span>
      <span className="shared-text">
        <bdi className="shared-title">{bare}</bdi>
        <span className="shared-note">
          <Origin item={item} />
          {words !== href && <bdi> · {words}</bdi>}
        </span>
      </span>
    </>
  );
  return (
    <div className="shared-line">
      {route !== undefined ? (
        <Link to={route} className="shared-open">
          {content}
        </Link>
      ) : (
        <a className="shared-open" href={href} title={href} target="_blank" rel="noopener noreferrer nofollow">
          {content}
        </a>
      )}
      <GoTo item={item} conversationId={conversationId} name={bare} />
    </div>
  );
}

function isAddress(href: string): boolean {
  try {
    return /^https?:$/.test(new URL(href).protocol);
  } catch {
    return false;
  }
}
