import { Alert, Button, Group, Text } from '@mantine/core';
import type { CombinedError, UseQueryExecute } from 'urql';
import { explain } from './explain';

/** A request that failed completely, with a button to retry it. */
export function Failure({ error, onRetry }: { error: CombinedError; onRetry?: UseQueryExecute }) {
  return (
    <Alert color="red" role="alert" title="The request failed">
      <Group justify="space-between" gap="sm">
        <Text size="sm">{explain(error)}</Text>
        {onRetry && (
          <Button
            size="xs"
            variant="default"
            onClick={() => onRetry({ requestPolicy: 'network-only' })}
          >
            Try again
          </Button>
        )}
      </Group>
    </Alert>
  );
}
