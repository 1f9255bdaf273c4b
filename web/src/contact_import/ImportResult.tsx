import { Alert, Button, Group, Stack, Text, Title } from '@mantine/core';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { type FragmentType, graphql, readFragment } from '../generated';
import { formatCount } from '../number/decimal';
import { DataTable } from '../screen/DataTable';
import { serverText } from '../screen/server_text';
import { DownloadRejected } from './DownloadRejected';
import { Warnings } from './Warnings';

export const IMPORT_RESULT = graphql(`
  fragment ImportResult on ImportContactsPayload {
    list {
      id
      recipientCount
    }
    importedCount
    duplicateCount
    rejected {
      line
      value
      reason
    }
    warnings {
      line
      column
      reason
    }
    import {
      id
      rejectedCount
    }
    userErrors {
      message
    }
  }
`);

/** Rows shown of each table: more than anybody fixes by hand. */
const SHOWN = 100;

/**
 * The result of an import: the number of imported contacts, and every rejected row with its reason.
 */
export function ImportResult(props: {
  result: FragmentType<typeof IMPORT_RESULT>;
  onAgain(): void;
  onClose(): void;
}) {
  const { t } = useTranslation();
  const result = readFragment(IMPORT_RESULT, props.result);
  const heading = useRef<HTMLHeadingElement>(null);
  // The button that had the focus is gone: screen readers continue here.
  useEffect(() => heading.current?.focus(), []);
  const rejected = result.import?.rejectedCount ?? result.rejected.length;
  const stopped = result.userErrors.map((error) => serverText(error.message)).join(' ');
  return (
    <Stack gap="md">
      <Title order={3} size="h5" ref={heading} tabIndex={-1}>
        {t('import.imported', { count: result.importedCount })}
      </Title>
      {stopped && (
        <Alert color="red" role="alert" title={t('import.stopped')}>
          {stopped}
        </Alert>
      )}
      <Text size="sm">
        {t('import.duplicates', { count: result.duplicateCount })},{' '}
        {t('import.rejected', { count: rejected })}.{' '}
        {t('import.recipientsNow', { count: result.list?.recipientCount ?? 0 })}
      </Text>
      {result.rejected.length > 0 && (
        <Stack gap={4}>
          <Title order={4} size="h6">
            {t('import.rejectedRows')}
          </Title>
          <DataTable
            caption={t('import.rejectedRows')}
            columns={[
              { title: t('column.line'), numeric: true, cell: (row) => formatCount(row.line) },
              {
                title: t('column.value'),
                cell: (row) => <span className="pre-wrap">{row.value}</span>,
              },
              { title: t('column.reason'), cell: (row) => serverText(row.reason) },
            ]}
            rows={result.rejected.slice(0, SHOWN)}
            rowKey={(row) => String(row.line)}
          />
          <More shown={Math.min(SHOWN, result.rejected.length)} all={rejected} />
          {result.import && <DownloadRejected importId={result.import.id} />}
        </Stack>
      )}
      <Warnings caption={t('import.warnings')} warnings={result.warnings.slice(0, SHOWN)} />
      <More shown={Math.min(SHOWN, result.warnings.length)} all={result.warnings.length} />
      <Group justify="flex-end" gap="sm">
        <Button variant="default" onClick={props.onAgain}>
          {t('import.another')}
        </Button>
        <Button onClick={props.onClose}>{t('action.close')}</Button>
      </Group>
    </Stack>
  );
}

function More({ shown, all }: { shown: number; all: number }) {
  const { t } = useTranslation();
  if (shown >= all) return null;
  return (
    <Text size="xs" c="dimmed">
      {t('import.firstOf', { shown: formatCount(shown), all: formatCount(all) })}
    </Text>
  );
}
