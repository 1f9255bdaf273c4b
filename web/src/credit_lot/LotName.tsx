import { Stack, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { CreditLotSource } from '../generated/graphql';

interface Named {
  source: CreditLotSource;
  note?: string | null;
  purchase?: { package?: { name: string } | null } | null;
}

/** What people call a lot: how its credits came in, and the package or the reason. */
export function LotName({ lot }: { lot: Named }) {
  const { t } = useTranslation();
  const name = lot.note ?? lot.purchase?.package?.name;
  return (
    <Stack gap={0}>
      {t(`lots.source.${lot.source}`)}
      {name && (
        <Text size="xs" c="dimmed" dir="auto">
          {name}
        </Text>
      )}
    </Stack>
  );
}
