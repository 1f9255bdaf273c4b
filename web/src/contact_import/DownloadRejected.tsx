import { Button, Group, Text } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useClient } from 'urql';
import { graphql } from '../generated';
import { explain } from '../screen/explain';
import { save } from '../usage/save';

const REJECTED = graphql(`
  query RejectedRows($id: ID!) {
    node(id: $id) {
      __typename
      ... on ContactImport {
        id
        rejectedDownload(format: XLSX) {
          url
          fileName
        }
      }
    }
  }
`);

/**
 * Downloads the rejected rows of an import with their own columns, to correct them and import the
 * file again. The link is requested on the click, because it is valid for some minutes only.
 */
export function DownloadRejected({ importId }: { importId: string }) {
  const { t } = useTranslation();
  const client = useClient();
  const [asking, setAsking] = useState(false);
  const [problem, setProblem] = useState<string>();

  async function download() {
    setAsking(true);
    setProblem(undefined);
    const { data, error } = await client
      .query(REJECTED, { id: importId }, { requestPolicy: 'network-only' })
      .toPromise();
    setAsking(false);
    const node = data?.node;
    const file = node?.__typename === 'ContactImport' ? node.rejectedDownload : undefined;
    if (file) save(file);
    else setProblem(error ? explain(t, error) : t('failure.noFile'));
  }

  return (
    <Group gap="sm">
      <Button size="xs" variant="default" loading={asking} onClick={download}>
        {t('import.downloadRejected')}
      </Button>
      {problem && (
        <Text size="xs" c="red" role="alert">
          {problem}
        </Text>
      )}
    </Group>
  );
}
