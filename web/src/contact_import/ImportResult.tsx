import { Alert, Button, Group, Stack, Text, Title } from '@mantine/core';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { useQuery } from 'urql';
import { graphql } from '../generated';
import type { ImportResultQuery } from '../generated/graphql';
import { formatCount } from '../number/decimal';
import { DataTable } from '../screen/DataTable';
import { Failure } from '../screen/Failure';
import { Pending } from '../screen/Pending';
import { serverText } from '../screen/server_text';
import { DownloadRejected } from './DownloadRejected';
import { unfollow } from './uploads';
import { Warnings } from './Warnings';

const RESULT = graphql(`
  query ImportResult($id: ID!) {
    node(id: $id) {
      __typename
      ... on ContactImport {
        id
        status
        reason
        importedCount
        duplicateCount
        rejectedCount
        rejected(first: 100) {
          nodes {
            line
            value
            reason
          }
        }
        warningCount
        warnings(first: 100) {
          nodes {
            line
            column
            reason
          }
        }
        list {
          id
          recipientCount
          archived
        }
      }
    }
  }
`);

interface Props {
  importId: string;
  onAgain(): void;
  onClose(): void;
}

type Result = Extract<NonNullable<ImportResultQuery['node']>, { __typename: 'ContactImport' }>;

/**
 * The result of an import that has ended: the number of imported contacts, why it stopped if it
 * did, and every rejected row with its reason.
 */
export function ImportResult(props: Props) {
  const [{ data, error }, ask] = useQuery({
    query: RESULT,
    variables: { id: props.importId },
    requestPolicy: 'network-only',
  });
  if (error) return <Failure error={error} onRetry={ask} />;
  if (data?.node?.__typename !== 'ContactImport') return <Pending rows={4} />;
  return <Ended {...props} result={data.node} />;
}

/** At most the first 100 rows of each table: more than anybody fixes by hand. */
function Ended({ result, ...props }: Props & { result: Result }) {
  const { t } = useTranslation();
  const heading = useRef<HTMLHeadingElement>(null);
  // The button that had the focus is gone: screen readers continue here.
  useEffect(() => heading.current?.focus(), []);
  useEffect(() => unfollow(result.id), [result.id]);
  const rejected = result.rejected.nodes;
  const warnings = result.warnings.nodes;
  return (
    <Stack gap="md">
      <Title order={3} size="h5" ref={heading} tabIndex={-1}>
        {t('import.imported', { count: result.importedCount })}
      </Title>
      {result.status === 'FAILED' && (
        <Alert color="red" role="alert" title={t('import.stopped')}>
          {serverText(result.reason ?? '')}
        </Alert>
      )}
      {result.status === 'CANCELED' && (
        <Alert color="yellow" role="status" title={t('import.canceled')}>
          {result.importedCount === 0
            ? t('import.keptNone')
            : t('import.kept', { count: result.importedCount })}
        </Alert>
      )}
      <Text size="sm">
        {t('import.duplicates', { count: result.duplicateCount })},{' '}
        {t('import.rejected', { count: result.rejectedCount })}.{' '}
        {!result.list.archived && t('import.recipientsNow', { count: result.list.recipientCount })}
      </Text>
      {rejected.length > 0 && (
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
            rows={rejected}
            rowKey={(row) => String(row.line)}
          />
          <More shown={rejected.length} all={result.rejectedCount} />
          <DownloadRejected importId={result.id} />
        </Stack>
      )}
      <Warnings caption={t('import.warnings')} warnings={warnings} />
      <More shown={warnings.length} all={result.warningCount} />
      <Group justify="flex-end" gap="sm">
        {!result.list.archived && (
          <Button variant="default" onClick={props.onAgain}>
            {t('import.another')}
          </Button>
        )}
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
