import { Alert, Button, Group, Progress, Stack, Text } from '@mantine/core';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { useMutation } from 'urql';
import { graphql } from '../generated';
import { Failure } from '../screen/Failure';
import { serverText } from '../screen/server_text';
import { type ImportState, percentRead } from './latest';
import type { Upload } from './uploads';

const CANCEL = graphql(`
  mutation CancelContactImport($input: CancelContactImportInput!) {
    cancelContactImport(input: $input) {
      import {
        id
        status
        list {
          id
          recipientCount
        }
      }
      userErrors {
        message
      }
    }
  }
`);

/**
 * How far an import is: first how much of the file was sent, then how much of it the server has
 * read, with what came of its rows so far; and the button that cancels it.
 */
export function ImportProgress(props: { upload?: Upload; state?: ImportState; onClose(): void }) {
  const { t } = useTranslation();
  const { upload, state } = props;
  const [{ data, error, fetching }, cancel] = useMutation(CANCEL);
  const heading = useRef<HTMLParagraphElement>(null);
  // The button that had the focus is gone: screen readers continue here.
  useEffect(() => heading.current?.focus(), []);
  const percent = state ? percentRead(state) : Math.floor((upload?.sent ?? 0) * 100);
  const file = state?.fileName ?? upload?.file.name;
  const title = state ? t('import.reading', { file }) : t('import.sending', { file });
  const refusal = data?.cancelContactImport.userErrors[0]?.message;
  // Between the file's last byte and the import's first row there is nothing to stop yet.
  const isWaiting = !state && (!upload || upload.sent >= 1);

  function stop() {
    if (state) cancel({ input: { importId: state.id } });
    else upload?.abort();
  }

  return (
    <Stack gap="md">
      <Text fw={600} ref={heading} tabIndex={-1}>
        {title}
      </Text>
      <Group gap="sm" wrap="nowrap">
        <Progress.Root size="lg" flex={1}>
          <Progress.Section value={percent} aria-label={title} />
        </Progress.Root>
        <Text size="sm" className="numeric">
          {t('import.percent', { percent })}
        </Text>
      </Group>
      {state && (
        <Text size="sm">
          {t('import.rowsRead', { count: state.rowCount })}{' '}
          {t('import.imported', { count: state.importedCount })},{' '}
          {t('import.duplicates', { count: state.duplicateCount })},{' '}
          {t('import.rejected', { count: state.rejectedCount })}.
        </Text>
      )}
      {error && <Failure error={error} />}
      {refusal && (
        <Alert color="yellow" role="alert">
          {serverText(refusal)}
        </Alert>
      )}
      <Group justify="flex-end" gap="sm">
        <Button variant="light" color="red" loading={fetching} disabled={isWaiting} onClick={stop}>
          {t('import.cancel')}
        </Button>
        <Button variant="default" onClick={props.onClose}>
          {t('import.goesOn')}
        </Button>
      </Group>
    </Stack>
  );
}
