// Runs every audit of the npm package graphql-http against a running server.
// What belongs here: the GraphQL-over-HTTP specification as that package reads it. What our own API promises does not.
//
//   npm ci --ignore-scripts && node audit.mjs http://127.0.0.1:8080/graphql
//
// Exits 0 when all audits pass, 1 after naming each one that does not, 2 where it could not ask.
import { serverAudits } from 'graphql-http';

// A package that silently lost audits must not look like a server that passes them.
const EXPECTED_AUDITS = 61;
const TIMEOUT_MS = 10_000;

const url = process.argv[2];
if (!url || !URL.canParse(url)) {
  console.error('usage: node audit.mjs <url of the GraphQL endpoint>');
  process.exit(2);
}

const fetchFn = (input, init) => fetch(input, { ...init, signal: AbortSignal.timeout(TIMEOUT_MS) });
const audits = serverAudits({ url, fetchFn });

let passed = 0;
for (const audit of audits) {
  let result;
  try {
    result = await audit.fn();
  } catch (error) {
    console.error(`could not ask ${url}: ${error.cause?.message ?? error.message}`);
    process.exit(2);
  }
  if (result.status === 'ok') {
    passed += 1;
  } else {
    console.error(`${result.status} ${audit.id} ${audit.name}: ${result.reason}`);
  }
}

console.log(`${passed} of ${audits.length} audits passed`);
if (audits.length !== EXPECTED_AUDITS) {
  console.error(`expected ${EXPECTED_AUDITS} audits, found ${audits.length}`);
}
process.exit(passed === audits.length && audits.length === EXPECTED_AUDITS ? 0 : 1);
