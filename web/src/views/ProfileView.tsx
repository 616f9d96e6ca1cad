import { FormEvent, useRef, useState } from "react";
import { notificationsEnabled, setNotifications, setSound, soundEnabled } from "../app/notifications";
import { User } from "../client/types";
import { limits } from "../rules/limits";
import * as texts from "../texts";
import { formProblem } from "../texts/problems";
import { Avatar } from "./Avatar";
import { useChat, useStore } from "./context";
import { ConfirmDialog } from "./Dialog";
import { Field } from "./Field";
import { DeviceList } from "./DeviceList";
import { Icon } from "./icons";
import { MuteNote } from "./MuteNote";
import { PaneHead } from "./PaneHead";
import { QuietForm } from "./QuietForm";
import { Status } from "./Status";
import { StatusForm } from "./StatusForm";
import { useMutedUntil } from "./useMute";
import { useManaging } from "./useManaging";

/** The user's account: picture, name, password, devices, notifications. */
export function ProfileView() {
  const chat = useChat();
  const me = useStore((state) => state.me);
  const [isAsking, setAsking] = useState(false);
  const logout = () => void chat.logout();
  if (me === undefined) return null;
  return (
    <main className="pane" aria-label={texts.profile.title}>
      <PaneHead title={texts.profile.title} />
      <div className="pane-body narrow">
        <MuteNote />
        <Picture me={me} />
        <NameForm me={me} />
        <StatusForm me={me} />
        <QuietForm me={me} />
        <Notifications />
        <PasswordForm me={me} />
        <DeviceList />
        <div className="form-actions">
          <button type="button" className="button danger-text" onClick={() => (chat.hasUnsent ? setAsking(true) : logout())}>
            <Icon name="leave" size={18} />
            {texts.profile.logout}
          </button>
          {isAsking && (
            <ConfirmDialog
              title={texts.profile.logoutQuestion}
              action={texts.profile.logout}
              onClose={() => setAsking(false)}
              onConfirm={logout}
            />
          )}
        </div>
      </div>
    </main>
  );
}

function Picture({ me }: { me: User }) {
  const chat = useChat();
  const manager = useManaging();
  const picker = useRef<HTMLInputElement>(null);
  const [isBusy, setBusy] = useState(false);
  const isMuted = useMutedUntil() !== undefined;
  const change = async (file: File | undefined) => {
    if (file === undefined) return;
    setBusy(true);
    await chat.notices.attempt(() => manager.setAvatar(file));
    setBusy(false);
  };
  return (
    <div className="details-head">
      <Avatar user={me} size="large" />
      <h2>
        <bdi>{me.displayName}</bdi>
      </h2>
      <p className="details-note">@{me.username}</p>
      <p className="details-note">
        <Status user={me} />
      </p>
      <button type="button" className="button" disabled={isBusy || isMuted} onClick={() => picker.current?.click()}>
        {isBusy ? texts.auth.working : texts.profile.picture}
      </button>
      <input
        ref={picker}
        type="file"
        accept="image/*"
        hidden
        aria-label={texts.profile.picture}
        onChange={(event) => {
          void change(event.target.files?.[0]);
          event.target.value = "";
        }}
      />
    </div>
  );
}

function NameForm({ me }: { me: User }) {
  const chat = useChat();
  const manager = useManaging();
  const [displayName, setDisplayName] = useState(me.displayName);
  const [about, setAbout] = useState(me.about ?? "");
  const isMuted = useMutedUntil() !== undefined;
  const isChanged = displayName.trim() !== me.displayName || about.trim() !== (me.about ?? "");
  const save = (event: FormEvent) => {
    event.preventDefault();
    void chat.notices.attempt(async () => {
      await manager.updateMe({ displayName: displayName.trim(), about: about.trim() });
      chat.notices.show(texts.saved);
    });
  };
  return (
    <form className="section" onSubmit={save}>
      <Field label={texts.profile.name} autoComplete="name" value={displayName} limit={limits.displayName} required onChange={(event) => setDisplayName(event.target.value)} />
      <Field label={texts.profile.about} value={about} limit={limits.about} hint={texts.profile.aboutHint} onChange={(event) => setAbout(event.target.value)} />
      <div className="form-actions">
        <button type="submit" className="button primary" disabled={!isChanged || isMuted || displayName.trim() === ""}>
          {texts.save}
        </button>
      </div>
    </form>
  );
}

function Notifications() {
  const [isOn, setOn] = useState(notificationsEnabled);
  const [hasSound, setHasSound] = useState(soundEnabled);
  const [isBlocked, setBlocked] = useState(false);
  const toggle = async (wanted: boolean) => {
    const result = await setNotifications(wanted);
    setOn(result);
    setBlocked(wanted && !result);
  };
  return (
    <section className="section">
      <h2>{texts.profile.notifications}</h2>
      <label className="switch">
        <span>{texts.profile.notificationsText}</span>
        <input type="checkbox" role="switch" checked={isOn} onChange={(event) => void toggle(event.target.checked)} />
      </label>
      <label className="switch">
        <span>{texts.profile.soundText}</span>
        <input
          type="checkbox"
          role="switch"
          checked={hasSound}
          onChange={(event) => {
            setSound(event.target.checked);
            setHasSound(soundEnabled());
          }}
        />
      </label>
      <div role="status">{isBlocked && <p className="field-note">{texts.profile.notificationsBlocked}</p>}</div>
    </section>
  );
}

function PasswordForm({ me }: { me: User }) {
  const chat = useChat();
  const manager = useManaging();
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const [problem, setProblem] = useState<{ isCurrent: boolean; text: string }>();
  const change = async (event: FormEvent) => {
    event.preventDefault();
    setProblem(undefined);
    try {
      await manager.changePassword(current, next);
      setCurrent("");
      setNext("");
      chat.notices.show(texts.profile.passwordChanged);
    } catch (error) {
      const { text, code, field } = formProblem(error);
      setProblem({ isCurrent: code === "invalid_credentials" || field === "currentPassword", text });
    }
  };
  return (
    <form className="section" onSubmit={(event) => void change(event)}>
      <h2>{texts.profile.password}</h2>
      <input type="text" name="username" autoComplete="username" value={me.username} readOnly hidden />
      <Field
        label={texts.profile.currentPassword}
        type="password"
        autoComplete="current-password"
        required
        limit={{ ...limits.password, least: 1 }}
        value={current}
        onChange={(event) => setCurrent(event.target.value)}
        {...(problem?.isCurrent === true ? { problem: problem.text } : {})}
      />
      <Field
        label={texts.profile.newPassword}
        type="password"
        autoComplete="new-password"
        required
        limit={limits.password}
        value={next}
        hint={texts.auth.passwordHint}
        onChange={(event) => setNext(event.target.value)}
        {...(problem?.isCurrent === false ? { problem: problem.text } : {})}
      />
      <div className="form-actions">
        <button type="submit" className="button" disabled={current === "" || next === ""}>
          {texts.profile.changePassword}
        </button>
      </div>
    </form>
  );
}
