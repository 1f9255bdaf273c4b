import { Alert } from '@mantine/core';
import { paysInSandbox } from './server';

/** Notes at the top of the page that nobody is charged, if payments are sandboxed. */
export function SandboxNotice() {
  if (!paysInSandbox()) return null;
  return (
    <Alert color="yellow" variant="light" p="xs" mb="md" role="note" aria-label="Sandbox">
      <strong>Sandbox.</strong> Nobody is charged for purchases here, and their credits are real.
    </Alert>
  );
}
