import 'graphiql/setup-workers/vite';
import 'graphiql/style.css';
import './graphiql.css';
import { createGraphiQLFetcher } from '@graphiql/toolkit';
import { GraphiQL } from 'graphiql';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { demoKey } from '../session/server';
import { giveStylesTheNonce } from '../session/style_nonce';
import { type Example, examples } from './examples';
import { editorStorage, hasSavedTabs } from './storage';
import { findSubject } from './subject';

const fetcher = createGraphiQLFetcher({
  url: '/graphql',
  // The tab's headers are sent as the socket's connection parameters, too.
  subscriptionUrl: new URL('/graphql', location.href.replace(/^http/, 'ws')).href,
  enableIncrementalDelivery: false,
});

giveStylesTheNonce();

async function start(root: HTMLElement) {
  const key = demoKey();
  const storage = editorStorage(key);
  const headers = JSON.stringify({ Authorization: `Bearer ${key ?? ''}` }, null, 2);
  const tabs = examples(await findSubject(key)).map((example) => tab(example, headers));
  // Only on the first visit: afterwards the editor restores what was typed.
  const first = hasSavedTabs(storage) ? undefined : tabs[0];

  createRoot(root).render(
    <StrictMode>
      <GraphiQL
        fetcher={fetcher}
        storage={storage}
        defaultTabs={tabs}
        initialQuery={first?.query}
        initialVariables={first?.variables}
        defaultHeaders={headers}
        // A demo's key is not secret; any other must be typed again after a reload.
        shouldPersistHeaders={key !== undefined}
        showPersistHeadersSettings={false}
        defaultEditorToolsVisibility="variables"
      />
    </StrictMode>,
  );
}

function tab(example: Example, headers: string) {
  const variables = JSON.stringify(example.variables, null, 2);
  return { query: example.query, variables, headers };
}

const root = document.getElementById('root');
if (root) void start(root);
