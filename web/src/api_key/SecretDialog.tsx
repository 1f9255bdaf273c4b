import { Alert, Button, Group, Stack, Text, TextInput } from '@mantine/core';
import { useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Dialog } from '../screen/Dialog';

/** Shows a new key's secret, which nobody can show again. Only its button closes it. */
export function SecretDialog({ secret, onClose }: { secret: string; onClose(): void }) {
  const { t } = useTranslation();
  const field = useRef<HTMLInputElement>(null);
  const [copied, setCopied] = useState<boolean>();

  async function copy() {
    try {
      await navigator.clipboard.writeText(secret);
      setCopied(true);
    } catch {
      // Without https, or if it is not allowed: the reader copies what is selected.
      field.current?.select();
      setCopied(false);
    }
  }

  return (
    <Dialog title={t('keys.secretTitle')} stays onClose={onClose}>
      <Stack gap="md">
        <Alert color="yellow">{t('keys.secretOnce')}</Alert>
        <Group align="end" gap="sm" wrap="nowrap">
          <TextInput
            ref={field}
            flex={1}
            label={t('keys.secret')}
            readOnly
            value={secret}
            styles={{ input: { fontFamily: 'monospace' } }}
            onFocus={(event) => event.currentTarget.select()}
          />
          <Button variant="default" data-autofocus onClick={copy}>
            {t('keys.copy')}
          </Button>
        </Group>
        <Text size="sm" role="status" mih="1.4em">
          {copied === true && t('keys.copied')}
          {copied === false && t('keys.notCopied')}
        </Text>
        <Group justify="flex-end">
          <Button onClick={onClose}>{t('keys.secretKept')}</Button>
        </Group>
      </Stack>
    </Dialog>
  );
}
