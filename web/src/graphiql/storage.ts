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

interface SavedTabs {
  activeTabIndex: number;
  tabs: { query: string | null; variables: string | null }[];
}

/** What the editors showed last. GraphiQL restores that of the first tab only. */
export function openTab(storage: Storage): SavedTabs['tabs'][number] | undefined {
  try {
    const saved: SavedTabs = JSON.parse(storage.getItem(TABS) ?? '');
    return saved.tabs[saved.activeTabIndex];
  } catch {
    // Another version of GraphiQL may have saved something else; it then begins anew.
    return undefined;
  }
}
