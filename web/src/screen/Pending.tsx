import { Skeleton, Stack, VisuallyHidden } from '@mantine/core';
import { useTranslation } from 'react-i18next';

const ROWS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];

/** Placeholder lines while a response is loading. */
export function Pending({ rows = 3 }: { rows?: number }) {
  const { t } = useTranslation();
  return (
    <Stack gap="xs" aria-busy="true">
      <VisuallyHidden role="status">{t('pending')}</VisuallyHidden>
      {ROWS.slice(0, rows).map((key) => (
        <Skeleton key={key} height={20} />
      ))}
    </Stack>
  );
}
