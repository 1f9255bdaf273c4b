const TABS = 'graphiql:tabState';
const DEMO_KEY = 'graphiql:demo-key';

/**
 * The storage of the editor's tabs. On a demo server it is the browser tab's: every demo has other
 * ids and another key, and tabs saved for the last one would only fail.
 */
export function editorStorage(demoKey: string | undefined): Storage {
  if (demoKey === undefined) return localStorage;
  if (sessionStorage.getItem(DEMO_KEY) !== demoKey) {
    for (const name of Object.keys(sessionStorage)) {
      if (name.startsWith('graphiql:')) sessionStorage.removeItem(name);
    }
    sessionStorage.setItem(DEMO_KEY, demoKey);
  }
  return sessionStorage;
}

export function hasSavedTabs(storage: Storage): boolean {
  return storage.getItem(TABS) !== null;
}
