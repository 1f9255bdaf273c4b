import { Button, Group, Text } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useClient } from 'urql';
import { graphql } from '../generated';
import { explain } from '../screen/explain';
import { save } from '../usage/save';

const DOWNLOAD = graphql(`
  query DownloadMonthlyReport($id: ID!) {
    node(id: $id) {
      ... on MonthlyReport {
        id
        download {
          url
          fileName
        }
      }
    }
  }
`);

/** Downloads one monthly report. The link is asked for on the click. */
export function DownloadReport({ id, month }: { id: string; month: string }) {
  const { t } = useTranslation();
  const client = useClient();
  const [asking, setAsking] = useState(false);
  const [problem, setProblem] = useState<string>();

  async function download() {
    setAsking(true);
    setProblem(undefined);
    const { data, error } = await client
      .query(DOWNLOAD, { id }, { requestPolicy: 'network-only' })
      .toPromise();
    setAsking(false);
    if (data?.node && 'download' in data.node) save(data.node.download);
    else setProblem(error ? explain(t, error) : t('failure.noFile'));
  }

  return (
    <Group gap={6} justify="flex-end">
      {problem && (
        <Text size="xs" c="red" role="alert">
          {problem}
        </Text>
      )}
      <Button
        size="compact-xs"
        variant="default"
        loading={asking}
        aria-label={t('monthly.downloadOf', { month })}
        onClick={download}
      >
        {t('action.download')}
      </Button>
    </Group>
  );
}
