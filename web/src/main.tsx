import '@mantine/core/styles.css';
import './screen/page.css';
import { MantineProvider } from '@mantine/core';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './App';
import { startTexts } from './language/i18n';
import { theme, variables } from './screen/theme';
import { styleNonce } from './session/server';
import { giveStylesTheNonce } from './session/style_nonce';

giveStylesTheNonce();

async function start(root: HTMLElement) {
  await startTexts();
  createRoot(root).render(
    <StrictMode>
      <MantineProvider
        theme={theme}
        cssVariablesResolver={variables}
        defaultColorScheme="auto"
        getStyleNonce={() => styleNonce() ?? ''}
      >
        <App />
      </MantineProvider>
    </StrictMode>,
  );
}

const root = document.getElementById('root');
if (root) void start(root);
