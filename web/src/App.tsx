import { lazy, Suspense, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Provider } from 'urql';
import { forgetApiKey, storeApiKey, storedApiKey } from './session/api_key';
import { createClient } from './session/client';
import { Workspace } from './session/Workspace';

// Who is signed in needn't load it.
const SignIn = lazy(async () => ({ default: (await import('./session/SignIn')).SignIn }));

/** The page: asks for a key, and opens the workspace with it. */
export function App() {
  // Everything below is rendered again in the language that is chosen.
  const { language } = useTranslation().i18n;
  const [apiKey, setApiKey] = useState(storedApiKey);
  const [refusal, setRefusal] = useState<string>();
  const client = useMemo(
    () => (apiKey ? createClient(apiKey, language) : undefined),
    [apiKey, language],
  );

  function signIn(key: string) {
    storeApiKey(key);
    setRefusal(undefined);
    setApiKey(key);
  }

  function signOut(reason?: string) {
    forgetApiKey();
    setRefusal(reason);
    setApiKey(undefined);
  }

  if (!client) {
    return (
      <Suspense>
        <SignIn refusal={refusal} onSignIn={signIn} />
      </Suspense>
    );
  }
  return (
    <Provider value={client} key={apiKey}>
      <Workspace onSignOut={signOut} />
    </Provider>
  );
}
