import { type FormEvent, useId, useState } from 'react';

/** Asks for an API key. */
export function KeyForm(props: {
  /** Why the last key can't be used. */
  refusal?: string;
  /** Tries a key, and returns why it can't be used. */
  onKey(key: string): Promise<string | undefined>;
  onSkip(): void;
  /** The heading and the text of the other button, if the form changes the key. */
  title?: string;
  skip?: string;
}) {
  const id = useId();
  const [problem, setProblem] = useState(props.refusal);
  const [trying, setTrying] = useState(false);

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const typed = String(new FormData(event.currentTarget).get('key') ?? '');
    const key = typed.trim().replace(/^Bearer\s+/i, '');
    // A header allows no other characters; fetch would throw.
    if (!/^[\x21-\x7e]+$/.test(key)) {
      setProblem(key ? 'A key has only letters, digits, “-” and “_”.' : 'Enter an API key.');
      return;
    }
    setTrying(true);
    setProblem(await props.onKey(key));
    setTrying(false);
  }

  return (
    <form className="key-form" onSubmit={submit} noValidate>
      <h1>{props.title ?? 'GraphiQL'}</h1>
      <label htmlFor={id}>API key</label>
      <input
        id={id}
        name="key"
        type="password"
        autoComplete="off"
        spellCheck={false}
        aria-describedby={`${id}-hint ${id}-problem`}
        aria-invalid={problem !== undefined}
      />
      <p id={`${id}-problem`} className="key-problem" role="alert">
        {problem}
      </p>
      <p id={`${id}-hint`}>
        Every request is sent with it. It’s kept in this browser tab until the tab is closed.
      </p>
      <div className="key-actions">
        <button type="submit" className="key-submit" disabled={trying}>
          Use this key
        </button>
        <button type="button" onClick={props.onSkip}>
          {props.skip ?? 'Continue without a key'}
        </button>
      </div>
    </form>
  );
}
