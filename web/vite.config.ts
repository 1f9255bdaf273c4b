import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';
import { inlineDocuments } from './documents';

/** The server that `npm run dev` proxies to. */
const server = process.env.MESSAGE_CREDITS_URL ?? 'http://127.0.0.1:8080';

export default defineConfig({
  plugins: [inlineDocuments(), react()],
  // The server replaces it with a nonce for each response: src/http/pages.rs.
  html: { cspNonce: 'MESSAGE_CREDITS_NONCE' },
  build: {
    // The server sends `default-src 'self'`: no script, font or worker may be inlined as a data:
    // URL.
    assetsInlineLimit: 0,
    // Monaco alone is larger than the default limit, and only GraphiQL loads it.
    chunkSizeWarningLimit: 4096,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: ['index.html', 'graphiql.html'],
      // GraphiQL's files contain directives for the React compiler, which has already compiled
      // them.
      onLog(level, log, handle) {
        if (log.code !== 'MODULE_LEVEL_DIRECTIVE') handle(level, log);
      },
    },
  },
  worker: { format: 'es' },
  server: {
    proxy: {
      '/graphql': { target: server, ws: true },
      '/downloads': server,
      '/checkout': server,
    },
  },
  test: { include: ['src/**/*.test.ts'], environment: 'node' },
});
