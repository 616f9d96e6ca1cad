import { InputHTMLAttributes, useId, useState } from "react";
import { characters, Limit, trimmed } from "../rules/limits";
import * as texts from "../texts";
import { IconButton } from "./controls";

interface FieldProps extends InputHTMLAttributes<HTMLInputElement> {
  label: string;
  value: string;
  hint?: string;
  problem?: string;
  limit?: Limit;
}

/** A labeled input. The note below it says what is wrong, or how to fill it in. A text over its limit is not submitted. */
export function Field({ label, hint, problem, type, limit, value, ...rest }: FieldProps) {
  const id = useId();
  const [isShown, setShown] = useState(false);
  const isPassword = type === "password";
  // The browser's own minLength and maxLength count an emoji as two characters; the server counts it as one.
  const length = characters(isPassword ? value : trimmed(value));
  const over = limit === undefined ? 0 : length - limit.most;
  // An empty field is the matter of `required`.
  const isShort = limit !== undefined && value !== "" && length < limit.least;
  const refusal = over > 0 ? texts.composer.tooLong(over) : isShort ? texts.auth.tooShort(limit.least) : "";
  const shownProblem = over > 0 ? texts.composer.tooLong(over) : problem;
  const note = shownProblem ?? hint;
  return (
    <div className={`field ${shownProblem === undefined ? "" : "has-problem"}`}>
      <label htmlFor={id}>{label}</label>
      <div className="field-box">
        <input
          ref={(input) => input?.setCustomValidity(refusal)}
          id={id}
          type={isPassword && isShown ? "text" : type}
          value={value}
          aria-invalid={shownProblem !== undefined}
          aria-describedby={note === undefined ? undefined : `${id}-note`}
          {...rest}
        />
        {isPassword && (
          <IconButton
            icon={isShown ? "eyeOff" : "eye"}
            label={isShown ? texts.auth.hidePassword : texts.auth.showPassword}
            aria-pressed={isShown}
            onClick={() => setShown(!isShown)}
          />
        )}
      </div>
      {note !== undefined && (
        <p className="field-note" id={`${id}-note`}>
          {note}
        </p>
      )}
    </div>
  );
}
