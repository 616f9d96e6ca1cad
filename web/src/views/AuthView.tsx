import { FormEvent, useState } from "react";
import * as texts from "../texts";
import { formProblem } from "../texts/problems";
import { areCookiesBlocked } from "../lib/cookies";
import { limits } from "../rules/limits";
import { Field } from "./Field";
import { Link } from "./controls";
import { useChat, useStore } from "./context";
import { Logo } from "./Logo";

interface Problem {
  field: string | undefined;
  text: string;
}

/** Why the user is here, though they did not log out. */
function Ended() {
  const ending = useStore((state) => state.ending);
  if (ending === undefined) return null;
  return (
    <p className="form-problem" role="alert">
      {texts.auth.ended(ending)} {ending.isKept && texts.auth.kept}
    </p>
  );
}

/** Log-in and registration. */
export function AuthView({ isNew }: { isNew: boolean }) {
  const chat = useChat();
  const [username, setUsername] = useState("");
  const [displayName, setDisplayName] = useState("");
  const [password, setPassword] = useState("");
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setProblem(undefined);
    try {
      if (isNew) await chat.register(username.trim(), password, displayName.trim());
      else await chat.login(username.trim(), password);
    } catch (error) {
      const { text, code, field } = formProblem(error);
      setProblem({ text, field: code === "username_taken" ? "username" : field });
      setBusy(false);
    }
  };
  const problemOf = (field: string) => (problem?.field === field ? { problem: problem.text } : {});
  const isGeneral = problem !== undefined && !["username", "displayName", "password"].includes(problem.field ?? "");

  return (
    <main className="auth">
      <form className="auth-card" onSubmit={(event) => void submit(event)} aria-labelledby="auth-title">
        <Logo />
        <h1 id="auth-title">{isNew ? texts.auth.welcome : texts.auth.welcomeBack}</h1>
        <p className="auth-tagline">{texts.tagline}</p>
        {!isNew && problem === undefined && <Ended />}
        {areCookiesBlocked() && (
          <p className="form-problem" role="alert">
            {texts.auth.cookiesBlocked}
          </p>
        )}
        <div role="alert">{isGeneral && <p className="form-problem">{problem.text}</p>}</div>
        <Field
          label={texts.auth.username}
          name="username"
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          autoFocus
          required
          limit={isNew ? limits.username : { ...limits.username, least: 1 }}
          value={username}
          onChange={(event) => setUsername(event.target.value)}
          {...(isNew ? { hint: texts.auth.usernameHint } : {})}
          {...problemOf("username")}
        />
        {isNew && (
          <Field
            label={`${texts.auth.displayName} (${texts.auth.optional})`}
            name="name"
            autoComplete="name"
            limit={{ ...limits.displayName, least: 0 }}
            value={displayName}
            onChange={(event) => setDisplayName(event.target.value)}
            hint={texts.auth.displayNameHint}
            {...problemOf("displayName")}
          />
        )}
        <Field
          label={texts.auth.password}
          name="password"
          type="password"
          autoComplete={isNew ? "new-password" : "current-password"}
          required
          limit={isNew ? limits.password : { ...limits.password, least: 1 }}
          value={password}
          onChange={(event) => setPassword(event.target.value)}
          {...(isNew ? { hint: texts.auth.passwordHint } : {})}
          {...problemOf("password")}
        />
        <button className="button primary wide" type="submit" disabled={isBusy}>
          {isBusy ? texts.auth.working : isNew ? texts.auth.register : texts.auth.login}
        </button>
        <p className="auth-other">
          {isNew ? texts.auth.haveAccount : texts.auth.noAccount}{" "}
          <Link to={{ view: isNew ? "login" : "register" }}>{isNew ? texts.auth.login : texts.auth.register}</Link>
        </p>
      </form>
    </main>
  );
}
