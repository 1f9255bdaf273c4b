import { Button, Group, Text } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useClient } from 'urql';
import { graphql } from '../generated';
import type { RejectedRowsQueryVariables } from '../generated/graphql';
import { explain } from '../screen/explain';
import { saveText } from '../usage/save';
import { type RejectedRow, rejectedFile, rejectedName } from './rejected_file';

const REJECTED = graphql(`
  query RejectedRows($id: ID!, $after: String) {
    node(id: $id) {
      ... on ContactImport {
        id
        fileName
        rejected(first: 1000, after: $after) {
          nodes {
            line
            value
            reason
          }
          pageInfo {
            hasNextPage
            endCursor
          }
        }
      }
    }
  }
`);

/** Downloads the rejected rows of an import, as far as the server keeps them. */
export function DownloadRejected({ importId }: { importId: string }) {
  const { t } = useTranslation();
  const client = useClient();
  const [asking, setAsking] = useState(false);
  const [problem, setProblem] = useState<string>();

  async function download() {
    setAsking(true);
    setProblem(undefined);
    const rows: RejectedRow[] = [];
    let after: string | null = null;
    for (;;) {
      const variables: RejectedRowsQueryVariables = { id: importId, after };
      const { data, error } = await client.query(REJECTED, variables).toPromise();
      const node = data?.node && 'rejected' in data.node ? data.node : undefined;
      if (!node) {
        setProblem(error ? explain(t, error) : t('failure.noFile'));
        break;
      }
      rows.push(...node.rejected.nodes);
      const { hasNextPage, endCursor } = node.rejected.pageInfo;
      if (hasNextPage && endCursor) after = endCursor;
      else {
        saveText(rejectedFile(rows), rejectedName(node.fileName));
        break;
      }
    }
    setAsking(false);
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
