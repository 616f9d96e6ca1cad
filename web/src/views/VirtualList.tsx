import { forwardRef, ReactElement, ReactNode, Ref, useImperativeHandle, useLayoutEffect, useMemo, useRef } from "react";
import { useSettling } from "./useSettling";

export interface VirtualListHandle {
  scrollToBottom(): void;
  /** Scrolls to a row, now or as soon as the list has it. */
  scrollToRow(key: string): void;
  focus(): void;
}

interface Props<Row> {
  rows: readonly Row[];
  /** An estimate of a row's height in pixels, until it is measured. */
  estimate(row: Row): number;
  render(row: Row): ReactNode;
  header: ReactNode;
  /** In pixels. The height is fixed, so the header is never measured. */
  headerHeight: number;
  label: string;
  /** Whether the last row is the newest. The list then follows new rows. */
  follows: boolean;
  onNearTop?: () => void;
  onNearBottom?: () => void;
  /** Called after each scroll and change: whether the end is in view, and the last row in view. */
  onPlace(isAtBottom: boolean, last: Row): void;
}

/** Rows are rendered this far beyond the visible part, in pixels. */
const overscan = 600;

/** More rows are requested when an end is nearer than this, in pixels. */
const near = 1200;

const bottomTolerance = 32;

/**
 * What stays in place when something else changes: the end of the list, or the top or bottom of a row, at a distance from
 * the upper edge of the visible part.
 */
type Anchor = "bottom" | { key: string; side: "top" | "bottom"; distance: number };

/** Where each row begins, in pixels from the top. The last offset is the end of the list. */
interface Layout<Row> {
  rows: readonly Row[];
  offsets: Float64Array;
}

/** The first row that ends below `position`. */
function rowAt<Row>({ rows, offsets }: Layout<Row>, position: number): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((offsets[middle + 1] ?? 0) <= position) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * A list of rows of different heights that renders only the rows in view. An anchor keeps its position: when rows are
 * added above, or are higher than estimated, the anchored row does not move.
 */
function VirtualListInner<Row extends { key: string }>(props: Props<Row>, ref: Ref<VirtualListHandle>): ReactElement {
  const { rows, estimate, headerHeight, follows } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const heights = useRef(new Map<string, number>());
  const anchor = useRef<Anchor>("bottom");
  const target = useRef<string>();
  const viewport = useRef(0);
  /**
   * The scroll position that was last reported or set here, and the layout at that time. It is NaN during a jump, which
   * takes precedence over scrolling.
   */
  const known = useRef(0);
  const shown = useRef<Layout<Row>>();
  const { version, update, again, settled } = useSettling();

  const indexes = useMemo(() => new Map(rows.map((row, index) => [row.key, index])), [rows]);
  const offsets = useMemo(() => {
    const result = new Float64Array(rows.length + 1);
    result[0] = headerHeight;
    rows.forEach((row, index) => {
      result[index + 1] = (result[index] ?? 0) + (heights.current.get(row.key) ?? estimate(row));
    });
    return result;
    // `version` changes with the measured heights.
  }, [rows, estimate, headerHeight, version]);
  const layout: Layout<Row> = { rows, offsets };
  const offset = (index: number) => offsets[index] ?? 0;
  const total = offset(rows.length);

  if (target.current !== undefined && indexes.has(target.current)) {
    anchor.current = { key: target.current, side: "top", distance: viewport.current * 0.3 };
    target.current = undefined;
    known.current = NaN;
  }
  if (anchor.current !== "bottom" && !indexes.has(anchor.current.key)) anchor.current = "bottom";

  const expectedTop = () => {
    const most = Math.max(0, total - viewport.current);
    if (anchor.current === "bottom") return most;
    const { key, side, distance } = anchor.current;
    const index = indexes.get(key) ?? 0;
    return Math.max(0, Math.min(most, offset(side === "top" ? index : index + 1) - distance));
  };
  const rangeAt = (top: number) => ({
    start: rowAt(layout, top - overscan),
    end: Math.min(rows.length, rowAt(layout, top + viewport.current + overscan) + 1),
  });
  const range = rangeAt(expectedTop());

  const notice = () => {
    const element = scroller.current;
    if (element === null || viewport.current === 0) return;
    const below = element.scrollHeight - element.clientHeight - element.scrollTop;
    const last = rows[Math.min(rows.length - 1, rowAt(layout, element.scrollTop + element.clientHeight - bottomTolerance))];
    if (last !== undefined) props.onPlace(follows && below < bottomTolerance, last);
    if (element.scrollTop < near) props.onNearTop?.();
    if (below < near) props.onNearBottom?.();
  };

  /** Anchors the first visible row, by its bottom: its top can change when rows are inserted above. */
  const anchorFirst = (top: number, seen: Layout<Row>) => {
    const first = rowAt(seen, top);
    const row = seen.rows[first];
    if (row !== undefined) anchor.current = { key: row.key, side: "bottom", distance: (seen.offsets[first + 1] ?? 0) - top };
  };

  const onScroll = () => {
    const element = scroller.current;
    if (element === null) return;
    const top = element.scrollTop;
    const below = element.scrollHeight - element.clientHeight - top;
    // The event of a scroll that was set here comes late. The list may have grown since; the anchor stays.
    if (Math.abs(top - known.current) >= 1) {
      known.current = top;
      if (follows && below < bottomTolerance) anchor.current = "bottom";
      else anchorFirst(top, layout);
    }
    const next = rangeAt(top);
    if (next.start !== range.start || next.end !== range.end) update();
    notice();
  };

  useLayoutEffect(() => {
    const element = scroller.current;
    if (element === null || content.current === null) return;
    viewport.current = element.clientHeight;
    // The user has scrolled, and the event has not come yet. Follow them from the old layout instead of jumping back. At
    // the end, it was the browser that moved a list that has become shorter.
    const atOnce = element.scrollTop;
    const isAtEnd = atOnce >= element.scrollHeight - element.clientHeight - 1;
    if (shown.current !== undefined && !isAtEnd && Math.abs(atOnce - known.current) >= 1) {
      known.current = atOnce;
      anchorFirst(atOnce, shown.current);
      if (again()) return;
    }
    let isChanged = false;
    Array.from(content.current.children).forEach((child, index) => {
      const row = rows[range.start + index];
      const height = child.getBoundingClientRect().height;
      if (row === undefined || Math.abs((heights.current.get(row.key) ?? -1) - height) < 0.5) return;
      heights.current.set(row.key, height);
      isChanged = true;
    });
    if (isChanged && again()) return;
    settled();
    const top = expectedTop();
    if (Math.abs(element.scrollTop - top) >= 1) element.scrollTop = top;
    known.current = element.scrollTop;
    shown.current = layout;
    // A list that fits has its end in view, and follows. At the very top, the anchor may be out of reach because its row is
    // lower than estimated.
    if (follows && total <= viewport.current) anchor.current = "bottom";
    else if (top === 0 && anchor.current !== "bottom") anchorFirst(0, layout);
    notice();
  });

  useLayoutEffect(() => {
    const observer = new ResizeObserver(() => update());
    if (scroller.current !== null) observer.observe(scroller.current);
    if (content.current !== null) observer.observe(content.current);
    return () => observer.disconnect();
  }, []);

  useImperativeHandle(ref, () => ({
    scrollToBottom: () => {
      anchor.current = "bottom";
      known.current = NaN;
      update();
    },
    scrollToRow: (key) => {
      target.current = key;
      update();
    },
    focus: () => scroller.current?.focus({ preventScroll: true }),
  }));

  return (
    <div className="virtual-list" ref={scroller} onScroll={onScroll} tabIndex={0} role="region" aria-label={props.label}>
      <div className="virtual-list-fill">
        <div className="virtual-list-header" style={{ height: headerHeight }}>
          {props.header}
        </div>
        <div
          className="virtual-list-rows"
          role="list"
          ref={content}
          style={{ paddingTop: offset(range.start) - headerHeight, paddingBottom: Math.max(0, total - offset(range.end)) }}
        >
          {rows.slice(range.start, range.end).map((row) => (
            <div key={row.key} role="listitem">
              {props.render(row)}
            </div>
          ))}
        </div>
      </div>
    </div>
  );
}

export const VirtualList = forwardRef(VirtualListInner) as <Row extends { key: string }>(
  props: Props<Row> & { ref?: Ref<VirtualListHandle> },
) => ReactElement;
