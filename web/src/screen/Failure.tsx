import { Alert, Button, Group, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { CombinedError, UseQueryExecute } from 'urql';
import { explain, isRefused } from './explain';

/** A request that failed completely, with a button to retry it unless it would fail again. */
export function Failure({ error, onRetry }: { error: CombinedError; onRetry?: UseQueryExecute }) {
  const { t } = useTranslation();
  const refused = isRefused(error);
  return (
    <Alert
      color={refused ? 'yellow' : 'red'}
      role="alert"
      title={refused ? t('failure.refused') : t('failure.title')}
    >
      <Group justify="space-between" gap="sm">
        <Text size="sm">{explain(t, error)}</Text>
        {onRetry && !refused && (
          <Button
            size="xs"
            variant="default"
            onClick={() => onRetry({ requestPolicy: 'network-only' })}
          >
            {t('failure.retry')}
          </Button>
        )}
      </Group>
    </Alert>
  );
}
