import { Button, Group, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { formatCount } from '../number/decimal';
import type { Paging } from './paging';

interface PageInfo {
  hasNextPage: boolean;
  endCursor?: string | null;
}

/** Steps through a connection page by page. Renders nothing if one page holds everything. */
export function Pager(props: {
  /** The name of the pages, such as "Pages of accounts". */
  label: string;
  paging: Paging;
  pageInfo: PageInfo;
  totalCount: number;
}) {
  const { t } = useTranslation();
  const { label, paging, pageInfo, totalCount } = props;
  if (!pageInfo.hasNextPage && paging.page === 1) return null;
  return (
    <Group component="nav" aria-label={label} justify="space-between" gap="xs" mt="sm">
      <Text size="xs" c="dimmed" role="status">
        {t('pager.position', {
          page: formatCount(paging.page),
          pages: formatCount(Math.ceil(totalCount / paging.size)),
        })}
      </Text>
      <Group gap="xs">
        <Button
          size="compact-sm"
          variant="default"
          disabled={paging.page === 1}
          onClick={paging.back}
        >
          {t('pager.previous')}
        </Button>
        <Button
          size="compact-sm"
          variant="default"
          disabled={!pageInfo.hasNextPage}
          onClick={() => pageInfo.endCursor && paging.forward(pageInfo.endCursor)}
        >
          {t('pager.next')}
        </Button>
      </Group>
    </Group>
  );
}
