import 'graphiql/setup-workers/vite';
import 'graphiql/style.css';
import '@graphiql/plugin-explorer/style.css';
import './graphiql.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { storeApiKey, storedApiKey } from '../session/api_key';
import { demoKey } from '../session/server';
import { giveStylesTheNonce } from '../session/style_nonce';
import { Editor } from './Editor';
import { KeyForm } from './KeyForm';
import { editorStorage } from './storage';
import { findSubject } from './subject';

giveStylesTheNonce();

/**
 * Opens the editor with the key of this browser tab, which the account page shares, or with the
 * demo's. Without a key that works, it asks for one, once.
 */
async function start(element: HTMLElement) {
  const root = createRoot(element);
  const key = storedApiKey() ?? demoKey();

  async function open(offered: string | undefined): Promise<string | undefined> {
    const subject = await findSubject(offered);
    if (subject === 'REFUSED') return 'This key doesn’t work.';
    if (offered) storeApiKey(offered);
    root.render(
      <StrictMode>
        <Editor apiKey={offered} subject={subject} storage={editorStorage(demoKey())} />
      </StrictMode>,
    );
    return undefined;
  }

  const refusal = key && (await open(key));
  if (key && !refusal) return;
  root.render(
    <StrictMode>
      <main className="key-page">
        <KeyForm refusal={refusal} onKey={open} onSkip={() => void open(undefined)} />
      </main>
    </StrictMode>,
  );
}

const element = document.getElementById('root');
if (element) void start(element);
