import { FormEvent, useState } from "react";
import { formProblem, texts } from "../texts";
import { Field, Link } from "./controls";
import { useChat } from "./context";
import { Logo } from "./Logo";

interface Problem {
  field: string | undefined;
  text: string;
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
        <div role="alert">{isGeneral && <p className="form-problem">{problem.text}</p>}</div>
        <Field
          label={texts.auth.username}
          name="username"
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          autoFocus
          required
          minLength={isNew ? 3 : 1}
          maxLength={32}
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
            maxLength={64}
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
          minLength={isNew ? 8 : 1}
          maxLength={256}
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
