import { Icon } from "./icons";
import { useMute } from "./useMute";

/** Says that the user is muted, if they are. */
export function MuteNote() {
  const mute = useMute();
  return (
    <div role="status">
      {mute !== undefined && (
        <p className="mute">
          <Icon name="warning" size={18} />
          {mute}
        </p>
      )}
    </div>
  );
}
