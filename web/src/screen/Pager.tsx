import { Button, Group, Text } from '@mantine/core';
import { formatCount } from '../number/decimal';
import type { Paging } from './paging';

interface PageInfo {
  hasNextPage: boolean;
  endCursor?: string | null;
}

/** Steps through a connection page by page. Renders nothing if one page holds everything. */
export function Pager(props: {
  what: string;
  paging: Paging;
  pageInfo: PageInfo;
  totalCount: number;
}) {
  const { what, paging, pageInfo, totalCount } = props;
  if (!pageInfo.hasNextPage && paging.page === 1) return null;
  return (
    <Group component="nav" aria-label={`Pages of ${what}`} justify="space-between" gap="xs" mt="sm">
      <Text size="xs" c="dimmed" role="status">
        Page {formatCount(paging.page)} of {formatCount(Math.ceil(totalCount / paging.size))}
      </Text>
      <Group gap="xs">
        <Button
          size="compact-sm"
          variant="default"
          disabled={paging.page === 1}
          onClick={paging.back}
        >
          Previous
        </Button>
        <Button
          size="compact-sm"
          variant="default"
          disabled={!pageInfo.hasNextPage}
          onClick={() => pageInfo.endCursor && paging.forward(pageInfo.endCursor)}
        >
          Next
        </Button>
      </Group>
    </Group>
  );
}
