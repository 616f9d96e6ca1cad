import { KeyboardEvent, PointerEvent, useEffect, useLayoutEffect, useRef, useState } from "react";
import { createPortal } from "react-dom";
import { describeFile, reorderFiles, replaceFile, sendAsFile, tooLongDescribed } from "../app/draftFiles";
import { Id } from "../client/types";
import { decoded, fileOf, paint, Picture, uncropped } from "../lib/paintPicture";
import { Area, areaToPicture, areaToView, Edits, isUntouched, moved, Place, Stroke, toPicture, turned, untouched, whole, withCorner } from "../lib/pictureEdits";
import { limits } from "../rules/limits";
import { uploadOf } from "../store/shown";
import { draftOf, UploadTask } from "../store/state";
import * as texts from "../texts";
import { useStore } from "./context";
import { IconButton, Spinner } from "./controls";
import { Field } from "./Field";
import { Icon, IconName } from "./icons";
import { useWriters } from "./useWriters";

type Tool = "crop" | "draw" | "blur";

const tools: readonly { tool: Tool; icon: IconName; label: string }[] = [
  { tool: "crop", icon: "crop", label: texts.sheet.crop },
  { tool: "draw", icon: "edit", label: texts.sheet.draw },
  { tool: "blur", icon: "blur", label: texts.sheet.blur },
];

/** The widths of lines, as shares of the picture's longer side. */
const widths = { draw: 0.008, blur: 0.06 };

/** The arrow keys move a corner of the crop by this share. */
const step = 0.02;

/** The preview has at most so many pixels on its longer side. */
const longest = 1_600;

/** Looks at the files of a draft before they are sent: pictures are edited, all are put in order and removed. */
export function SendSheet({ conversationId, first, onClose }: { conversationId: Id; first: string; onClose(): void }) {
  const writers = useWriters();
  const { drafts, uploads, notices } = writers;
  const dialog = useRef<HTMLDialogElement>(null);
  const ids = useStore((state) => draftOf(state, conversationId).uploads);
  const tasks = useStore((state) => state.uploads);
  const [current, setCurrent] = useState(first);
  const [edits, setEdits] = useState<Readonly<Record<string, Edits>>>({});
  const [words, setWords] = useState<Readonly<Record<string, string>>>({});
  const [asFiles, setAsFiles] = useState<Readonly<Record<string, boolean>>>({});
  const [isBusy, setBusy] = useState(false);
  const index = Math.max(0, ids.indexOf(current));
  const id = ids[index];
  const task = id === undefined ? undefined : tasks[id];

  useEffect(() => {
    if (dialog.current?.open === false) dialog.current.showModal();
    // The browser would focus the description, and a phone open its keyboard.
    dialog.current?.focus();
  }, []);
  useEffect(() => {
    if (ids.length === 0) onClose();
  }, [ids.length, onClose]);

  const tooLong = tooLongDescribed(ids, words);
  const finish = async () => {
    if (tooLong !== undefined) {
      setCurrent(tooLong);
      return;
    }
    setBusy(true);
    await notices.attempt(async () => {
      for (const [taskId, text] of Object.entries(words)) describeFile(writers, taskId, text);
      for (const [taskId, isFile] of Object.entries(asFiles)) sendAsFile(writers, taskId, isFile);
      for (const [taskId, change] of Object.entries(edits)) {
        const edited = tasks[taskId];
        if (edited === undefined || isUntouched(change)) continue;
        const picture = await decoded(await uploads.content(taskId));
        replaceFile(writers, conversationId, taskId, await fileOf(picture, change, edited.name, edited.type));
        picture.close();
      }
      onClose();
    });
    setBusy(false);
  };
  const move = (by: number) => {
    if (id !== undefined) reorderFiles(writers, conversationId, moved(ids, index, index + by));
  };
  const remove = () => {
    if (id === undefined) return;
    setCurrent(ids[index + 1] ?? ids[index - 1] ?? "");
    drafts.detach(conversationId, id);
  };
  if (id === undefined || task === undefined) return null;
  return createPortal(
    <dialog ref={dialog} className="sheet" tabIndex={-1} aria-label={texts.sheet.title} onClose={onClose}>
      <Stage
        key={id}
        task={task}
        edits={edits[id] ?? untouched}
        onEdit={(change) => setEdits((present) => ({ ...present, [id]: change(present[id] ?? untouched) }))}
      />
      {uploadOf(task, "").kind !== "file" && (
        <Field
          label={texts.sheet.describe}
          placeholder={texts.sheet.describeHint}
          value={words[id] ?? task.alt ?? ""}
          limit={limits.alt}
          onChange={({ target }) => setWords((present) => ({ ...present, [id]: target.value }))}
        />
      )}
      {canBeFile(task) && (
        <label className="switch sheet-as-file">
          <span>
            {texts.sheet.asFile}
            <span className="field-note">{texts.sheet.asFileHint}</span>
          </span>
          <input
            type="checkbox"
            role="switch"
            checked={asFiles[id] ?? task.asFile ?? false}
            onChange={({ target }) => setAsFiles((present) => ({ ...present, [id]: target.checked }))}
          />
        </label>
      )}
      <div className="sheet-files">
        <ul aria-label={texts.sheet.files}>
          {ids.map((other, place) => (
            <li key={other}>
              <button
                type="button"
                className="sheet-file"
                aria-current={other === id}
                aria-label={texts.sheet.show(tasks[other]?.name ?? "", place + 1, ids.length)}
                title={tasks[other]?.name}
                onClick={() => setCurrent(other)}
              >
                <Thumb task={tasks[other]} />
              </button>
            </li>
          ))}
        </ul>
        <IconButton icon="back" label={texts.sheet.earlier} disabled={index === 0} onClick={() => move(-1)} />
        <IconButton icon="next" label={texts.sheet.later} disabled={index === ids.length - 1} onClick={() => move(1)} />
        <IconButton icon="trash" label={texts.sheet.remove(task.name)} onClick={remove} />
      </div>
      <div className="dialog-actions">
        <button type="button" className="button" onClick={onClose}>
          {texts.sheet.cancel}
        </button>
        <button type="button" className="button primary" disabled={isBusy || tooLong === id} onClick={() => void finish()}>
          {isBusy ? texts.sheet.working : texts.sheet.done}
        </button>
      </div>
    </dialog>,
    document.body,
  );
}

/** Whether it would be shown where it stands, were it not sent as a file. */
function canBeFile(task: UploadTask): boolean {
  const { kind } = uploadOf(task, "");
  return kind === "image" || kind === "video";
}

function Thumb({ task }: { task: UploadTask | undefined }) {
  const url = task === undefined ? undefined : previewOf(task);
  return url === undefined ? <Icon name="file" /> : <img src={url} alt="" />;
}

/** What shows a picture, if it is one. */
function previewOf(task: UploadTask): string | undefined {
  const upload = uploadOf(task, "");
  if (upload.kind !== "image") return undefined;
  return task.preview ?? upload.thumbnails.find(({ size }) => size === "medium")?.url ?? upload.url;
}

interface StageProps {
  task: UploadTask;
  edits: Edits;
  onEdit(change: (edits: Edits) => Edits): void;
}

function Stage({ task, edits, onEdit }: StageProps) {
  const upload = uploadOf(task, "");
  if (upload.kind === "image") return <PictureStage task={task} edits={edits} onEdit={onEdit} />;
  return (
    <div className="sheet-stage">
      {upload.kind === "video" && <video src={upload.url} controls />}
      {upload.kind === "audio" && <audio src={upload.url} controls />}
      {upload.kind === "file" && <Icon name="file" size={72} />}
      <bdi className="sheet-name">{task.name}</bdi>
    </div>
  );
}

function PictureStage({ task, edits, onEdit }: StageProps) {
  const { uploads } = useWriters();
  const canvas = useRef<HTMLCanvasElement>(null);
  const [picture, setPicture] = useState<Picture>();
  const [isBroken, setBroken] = useState(false);
  const [tool, setTool] = useState<Tool>();
  const [color, setColor] = useState(texts.drawColors[0]?.[1] ?? "");
  const [line, setLine] = useState<Stroke>();
  const isCropping = tool === "crop";

  useEffect(() => {
    let isCurrent = true;
    let made: Picture | undefined;
    uploads.content(task.id).then(decoded).then(
      (decodedPicture) => {
        made = decodedPicture;
        if (isCurrent) setPicture(decodedPicture);
        else decodedPicture.close();
      },
      () => isCurrent && setBroken(true),
    );
    return () => {
      isCurrent = false;
      made?.close();
    };
  }, [uploads, task.id]);

  useLayoutEffect(() => {
    if (canvas.current === null || picture === undefined) return;
    const drawn = line === undefined ? edits : { ...edits, strokes: [...edits.strokes, line] };
    paint(canvas.current, picture, isCropping ? uncropped(drawn) : drawn, longest);
  }, [picture, edits, line, isCropping]);

  /** Where in the picture the pointer is. */
  const placeOf = (event: PointerEvent): Place => {
    const box = event.currentTarget.getBoundingClientRect();
    const place = toPicture({ x: (event.clientX - box.left) / box.width, y: (event.clientY - box.top) / box.height }, edits.turns);
    return { x: edits.crop.x + place.x * edits.crop.width, y: edits.crop.y + place.y * edits.crop.height };
  };
  const onPointerDown = (event: PointerEvent) => {
    if (tool === undefined || tool === "crop" || event.button !== 0) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    setLine({ kind: tool, color, width: widths[tool], points: [placeOf(event)] });
  };
  const onPointerMove = (event: PointerEvent) => {
    if (line !== undefined) setLine({ ...line, points: [...line.points, placeOf(event)] });
  };
  const onPointerUp = () => {
    if (line !== undefined) onEdit((present) => ({ ...present, strokes: [...present.strokes, line] }));
    setLine(undefined);
  };

  return (
    <>
      <div className="sheet-tools" role="toolbar" aria-label={texts.sheet.tools}>
        <IconButton icon="rotate" label={texts.sheet.rotate} disabled={picture === undefined} onClick={() => onEdit(turned)} />
        {tools.map(({ tool: other, icon, label }) => (
          <IconButton key={other} icon={icon} label={label} aria-pressed={tool === other} disabled={picture === undefined} onClick={() => setTool(tool === other ? undefined : other)} />
        ))}
        <IconButton
          icon="undo"
          label={texts.sheet.undo}
          disabled={edits.strokes.length === 0}
          onClick={() => onEdit((present) => ({ ...present, strokes: present.strokes.slice(0, -1) }))}
        />
        <button type="button" className="button" disabled={isUntouched(edits)} onClick={() => onEdit(() => untouched)}>
          {texts.sheet.reset}
        </button>
        {tool === "draw" &&
          texts.drawColors.map(([name, value]) => (
            <button
              key={name}
              type="button"
              className="sheet-color"
              aria-label={texts.sheet.color(name)}
              title={texts.sheet.color(name)}
              aria-pressed={color === value}
              style={{ background: value }}
              onClick={() => setColor(value)}
            />
          ))}
      </div>
      <div className="sheet-stage">
        {isBroken && <p role="status">{texts.sheet.failed}</p>}
        {picture === undefined && !isBroken && <Spinner />}
        {picture === undefined ? (
          isBroken && <img className="sheet-picture" src={previewOf(task)} alt={task.name} />
        ) : (
          <div className="sheet-frame">
            <canvas
              ref={canvas}
              className={tool === undefined || isCropping ? "sheet-picture" : "sheet-picture is-drawn"}
              role="img"
              aria-label={texts.sheet.picture(task.name)}
              onPointerDown={onPointerDown}
              onPointerMove={onPointerMove}
              onPointerUp={onPointerUp}
              onPointerCancel={onPointerUp}
            />
            {isCropping && <Crop area={areaToView(edits.crop, edits.turns)} onChange={(area) => onEdit((present) => ({ ...present, crop: areaToPicture(area, present.turns) }))} />}
          </div>
        )}
      </div>
    </>
  );
}

const percent = (share: number) => `${100 * share}%`;

/** The part of the picture that stays, with a handle at two of its corners. */
function Crop({ area, onChange }: { area: Area; onChange(area: Area): void }) {
  const frame = useRef<HTMLDivElement>(null);
  const end = { x: area.x + area.width, y: area.y + area.height };
  const handle = (corner: "start" | "end", at: Place, label: string) => {
    const keys: Record<string, Place> = {
      ArrowLeft: { x: at.x - step, y: at.y },
      ArrowRight: { x: at.x + step, y: at.y },
      ArrowUp: { x: at.x, y: at.y - step },
      ArrowDown: { x: at.x, y: at.y + step },
    };
    return (
      <button
        type="button"
        className={`crop-handle is-${corner}`}
        aria-label={label}
        style={{ left: percent(at.x), top: percent(at.y) }}
        onKeyDown={(event: KeyboardEvent) => {
          const to = keys[event.key];
          if (to === undefined) return;
          event.preventDefault();
          onChange(withCorner(area, corner, to));
        }}
        onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
        onPointerMove={(event) => {
          const box = frame.current?.getBoundingClientRect();
          if (box === undefined || !event.currentTarget.hasPointerCapture(event.pointerId)) return;
          onChange(withCorner(area, corner, { x: (event.clientX - box.left) / box.width, y: (event.clientY - box.top) / box.height }));
        }}
      />
    );
  };
  return (
    <div ref={frame} className="crop" onDoubleClick={() => onChange(whole)}>
      <div className="crop-area" style={{ left: percent(area.x), top: percent(area.y), width: percent(area.width), height: percent(area.height) }} />
      {handle("start", area, texts.sheet.cropStart)}
      {handle("end", end, texts.sheet.cropEnd)}
    </div>
  );
}
