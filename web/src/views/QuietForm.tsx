import { useState } from "react";
import { DoNotDisturb, User } from "../client/types";
import { muteEnd, muteLengths } from "../lib/muting";
import * as texts from "../texts";
import { clockTime, fullTime, isToday } from "../texts/time";
import { useChat, useStore } from "./context";
import { Icon } from "./icons";
import { useManaging } from "./useManaging";

const usual = { from: "22:00", to: "07:00" };

/** An end in words. */
export function endText(until: string): string {
  return isToday(until) ? clockTime(until) : fullTime(until);
}

/** When the user does not want to be disturbed. What they choose holds at once. */
export function QuietForm({ me }: { me: User }) {
  const { notices } = useChat();
  const manager = useManaging();
  const now = useStore((state) => state.now);
  /** What was chosen last, while it is on its way. */
  const [chosen, setChosen] = useState<{ value: DoNotDisturb | null }>();
  const { until, hours } = (chosen === undefined ? me.doNotDisturb : chosen.value) ?? {};
  const isPaused = until !== undefined && Date.parse(until) > now;
  const put = (next: { until?: string | undefined; hours?: DoNotDisturb["hours"] | undefined }) => {
    const wish: DoNotDisturb = { ...(next.until === undefined ? {} : { until: next.until }), ...(next.hours === undefined ? {} : { hours: next.hours }) };
    const doNotDisturb = Object.keys(wish).length === 0 ? null : wish;
    const choice = { value: doNotDisturb };
    setChosen(choice);
    // Something else may have been chosen meanwhile.
    const settle = () => setChosen((current) => (current === choice ? undefined : current));
    void notices.attempt(() => manager.updateMe({ doNotDisturb })).then(settle);
  };
  const timeZone = new Intl.DateTimeFormat().resolvedOptions().timeZone;
  return (
    <section className="section" aria-label={texts.doNotDisturb.title}>
      <h2>{texts.doNotDisturb.title}</h2>
      <p className="field-note">{texts.doNotDisturb.text}</p>
      <div className="quiet-now" role="status">
        {isPaused && (
          <span className="quiet-note">
            <Icon name="bellOff" size={18} /> {texts.doNotDisturb.until(endText(until))}
          </span>
        )}
      </div>
      <div className="quiet-now">
        {isPaused ? (
          <button type="button" className="button" onClick={() => put({ hours })}>
            {texts.doNotDisturb.end}
          </button>
        ) : (
          muteLengths.map((each) => (
            <button key={each} type="button" className="button" onClick={() => put({ hours, until: muteEnd(each, new Date()).toISOString() })}>
              {texts.doNotDisturb.for[each]}
            </button>
          ))
        )}
      </div>
      <label className="switch">
        <span>{texts.doNotDisturb.daily}</span>
        <input
          type="checkbox"
          role="switch"
          checked={hours !== undefined}
          onChange={(event) => put({ until, hours: event.target.checked ? { ...usual, timeZone } : undefined })}
        />
      </label>
      {hours !== undefined && <Hours hours={hours} onChange={(next) => put({ until, hours: { ...next, timeZone } })} />}
    </section>
  );
}

type Span = Pick<NonNullable<DoNotDisturb["hours"]>, "from" | "to">;

/** The two times are kept once both are there and the user has left them. What was not typed follows other devices. */
function Hours({ hours, onChange }: { hours: NonNullable<DoNotDisturb["hours"]>; onChange(span: Span): void }) {
  const [typed, setTyped] = useState<Partial<Span>>({});
  const span: Span = { from: typed.from ?? hours.from, to: typed.to ?? hours.to };
  const isSame = span.from === span.to;
  const keep = () => {
    if (isSame || span.from === "" || span.to === "") return;
    setTyped({});
    if (span.from !== hours.from || span.to !== hours.to) onChange(span);
  };
  return (
    <>
      <div className="quiet-hours">
        {(["from", "to"] as const).map((each) => (
          <label key={each} className="field">
            <span>{texts.doNotDisturb[each]}</span>
            <span className="field-box">
              <input type="time" value={span[each]} onChange={(event) => setTyped({ ...typed, [each]: event.target.value })} onBlur={keep} />
            </span>
          </label>
        ))}
      </div>
      <p className="field-note" role="status">
        {isSame ? texts.doNotDisturb.same : texts.doNotDisturb.zone(hours.timeZone)}
      </p>
    </>
  );
}
