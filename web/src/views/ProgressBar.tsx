import { UploadTask } from "../store/state";
import * as texts from "../texts";

export function ProgressBar({ task }: { task: UploadTask }) {
  const percent = Math.round(task.share * 100);
  return (
    <span
      className={`progress is-${task.state}`}
      role="progressbar"
      aria-label={texts.tray.progress(task.name)}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={percent}
    >
      <span style={{ width: `${percent}%` }} />
    </span>
  );
}
