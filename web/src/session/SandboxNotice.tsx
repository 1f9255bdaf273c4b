import { Alert } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Emphasized } from '../screen/Emphasized';
import { paysInSandbox } from './server';

/** Notes at the top of the page that nobody is charged, if payments are sandboxed. */
export function SandboxNotice() {
  const { t } = useTranslation();
  if (!paysInSandbox()) return null;
  return (
    <Alert
      color="yellow"
      variant="light"
      p="xs"
      mb="md"
      role="note"
      aria-label={t('session.sandbox')}
    >
      <Emphasized text={t('session.sandboxMeaning')} />
    </Alert>
  );
}
