import { Alert, Button, Group, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { CombinedError, UseQueryExecute } from 'urql';
import { explain } from './explain';

/** A request that failed completely, with a button to retry it. */
export function Failure({ error, onRetry }: { error: CombinedError; onRetry?: UseQueryExecute }) {
  const { t } = useTranslation();
  return (
    <Alert color="red" role="alert" title={t('failure.title')}>
      <Group justify="space-between" gap="sm">
        <Text size="sm">{explain(t, error)}</Text>
        {onRetry && (
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
