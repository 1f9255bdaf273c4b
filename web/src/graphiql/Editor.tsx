import { DOC_EXPLORER_PLUGIN } from '@graphiql/plugin-doc-explorer';
import { explorerPlugin } from '@graphiql/plugin-explorer';
import { PenIcon, ToolbarButton, useMonaco } from '@graphiql/react';
import { createGraphiQLFetcher, type Fetcher } from '@graphiql/toolkit';
import { GraphiQL, HISTORY_PLUGIN } from 'graphiql';
import { useEffect, useMemo, useRef, useState } from 'react';
import { storeApiKey } from '../session/api_key';
import { examples, type Subject } from './examples';
import { KeyForm } from './KeyForm';
import { hasSavedTabs, openTab } from './storage';
import { findSubject } from './subject';
import { acceptDefaults } from './variables';

const PLUGINS = [HISTORY_PLUGIN, explorerPlugin()];

const send = createGraphiQLFetcher({
  url: '/graphql',
  // A request's headers are sent as the socket's connection parameters, too.
  subscriptionUrl: new URL('/graphql', location.href.replace(/^http/, 'ws')).href,
  enableIncrementalDelivery: false,
});

/** GraphiQL, with an example in each tab on the first visit, and the documentation beside them. */
export function Editor(props: { apiKey?: string; subject: Subject; storage: Storage }) {
  const key = useRef(props.apiKey);
  const asking = useRef<HTMLDialogElement>(null);
  // A form of its own for each opening, without the last one's text.
  const [opening, setOpening] = useState(0);
  const tabs = useMemo(() => examples(props.subject).map(tab), [props.subject]);
  // Only on the first visit: afterwards the editor restores what was typed, and what was open.
  const [first] = useState(() => !hasSavedTabs(props.storage));
  const [shown] = useState(() => (first ? tabs[0] : openTab(props.storage)));
  const [fetcher] = useState(() => authorized(() => key.current));

  async function change(offered: string) {
    if ((await findSubject(offered)) === 'REFUSED') return 'This key doesn’t work.';
    key.current = offered;
    storeApiKey(offered);
    asking.current?.close();
    return undefined;
  }

  return (
    <>
      <GraphiQL
        fetcher={fetcher}
        storage={props.storage}
        plugins={PLUGINS}
        // On a narrow window the documentation would leave the editors no room.
        visiblePlugin={first && isWide() ? DOC_EXPLORER_PLUGIN : undefined}
        defaultTabs={tabs}
        initialQuery={shown?.query ?? undefined}
        initialVariables={shown?.variables ?? undefined}
        showPersistHeadersSettings={false}
        defaultEditorToolsVisibility="variables"
      >
        <GraphiQL.Toolbar>
          {({ prettify, merge, copy }) => (
            <>
              {prettify}
              {merge}
              {copy}
              <ToolbarButton
                label="Change the API key"
                onClick={() => {
                  setOpening(opening + 1);
                  asking.current?.showModal();
                }}
              >
                <PenIcon className="graphiql-toolbar-icon" aria-hidden="true" />
              </ToolbarButton>
            </>
          )}
        </GraphiQL.Toolbar>
      </GraphiQL>
      <VariablesWithDefaults />
      <dialog ref={asking} className="key-dialog" aria-label="Change the API key">
        <KeyForm
          key={opening}
          onKey={change}
          onSkip={() => asking.current?.close()}
          title="Change the API key"
          skip="Cancel"
        />
      </dialog>
    </>
  );
}

/** Sends the key with every request whose tab has no other. */
function authorized(key: () => string | undefined): Fetcher {
  return (params, options) => {
    const current = key();
    const own = options?.headers ?? {};
    const hasOwn = Object.keys(own).some((name) => name.toLowerCase() === 'authorization');
    if (!current || hasOwn) return send(params, options);
    return send(params, { ...options, headers: { ...own, authorization: `Bearer ${current}` } });
  };
}

/** Mends what the variables' editor requires, once the editor is loaded. */
function VariablesWithDefaults() {
  const monaco = useMonaco((store) => store.monaco);
  useEffect(() => {
    if (monaco) acceptDefaults(monaco.languages.json.jsonDefaults);
  }, [monaco]);
  return null;
}

function isWide(): boolean {
  return matchMedia('(min-width: 60rem)').matches;
}

function tab({ query, variables }: ReturnType<typeof examples>[number]) {
  return { query, variables: JSON.stringify(variables, null, 2) };
}
