import { Stack, Title } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { formatCount } from '../number/decimal';
import { DataTable } from '../screen/DataTable';
import { serverText } from '../screen/server_text';

export interface Warning {
  line?: number | null;
  column?: string | null;
  reason: string;
}

/** Values that an import left out or that may be wrong; renders nothing if there are none. */
export function Warnings({ caption, warnings }: { caption: string; warnings: readonly Warning[] }) {
  const { t } = useTranslation();
  if (warnings.length === 0) return null;
  const rows = warnings.map((warning, index) => ({ ...warning, key: String(index) }));
  return (
    <Stack gap={4}>
      <Title order={3} size="h6">
        {caption}
      </Title>
      <DataTable
        caption={caption}
        columns={[
          {
            title: t('column.line'),
            numeric: true,
            cell: ({ line }) => (line == null ? '—' : formatCount(line)),
          },
          { title: t('column.column'), cell: ({ column }) => column ?? '—' },
          { title: t('column.warning'), cell: ({ reason }) => serverText(reason) },
        ]}
        rows={rows}
        rowKey={(row) => row.key}
      />
    </Stack>
  );
}
