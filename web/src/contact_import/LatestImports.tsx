import { Anchor, Stack, Text, Title } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { formatCount } from '../number/decimal';
import { DataTable } from '../screen/DataTable';
import { serverText } from '../screen/server_text';
import { formatInstant } from '../time/format';
import type { ImportState } from './latest';

/** A list's latest imports, how each of them ended, and the way to its result. */
export function LatestImports(props: {
  imports: readonly ImportState[];
  timeZone: string;
  onOpen(importId: string): void;
}) {
  const { t } = useTranslation();
  if (props.imports.length === 0) return null;
  return (
    <Stack gap={4}>
      <Title order={3} size="h6">
        {t('import.latest')}
      </Title>
      <DataTable
        caption={t('import.latest')}
        columns={[
          {
            title: t('import.file'),
            heading: true,
            cell: ({ id, fileName }) => (
              <Anchor
                component="button"
                type="button"
                size="sm"
                ta="start"
                className="pre-wrap"
                dir="auto"
                onClick={() => props.onOpen(id)}
              >
                {fileName || '—'}
              </Anchor>
            ),
          },
          {
            title: t('import.started'),
            cell: ({ createdAt }) => formatInstant(createdAt, props.timeZone),
          },
          {
            title: t('import.outcome'),
            cell: ({ status, reason }) => (
              <>
                {t(`import.status.${status}`)}
                {status === 'FAILED' && reason && (
                  <Text size="xs" c="dimmed">
                    {serverText(reason)}
                  </Text>
                )}
              </>
            ),
          },
          {
            title: t('import.contacts'),
            numeric: true,
            cell: ({ importedCount }) => formatCount(importedCount),
          },
        ]}
        rows={props.imports}
        rowKey={({ id }) => id}
      />
    </Stack>
  );
}
