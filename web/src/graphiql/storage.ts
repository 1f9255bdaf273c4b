const TABS = 'graphiql:tabState';
const DEMO_KEY = 'graphiql:demo-key';

/**
 * Where the editor keeps its tabs. On a demo server that is the browser tab: a demo is filled anew with other ids
 * and another key, and what was kept for the last one would only fail.
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
