import { Text } from '@mantine/core';
import type { ReactNode } from 'react';

/** Said where a list has no rows. */
export function Nothing({ children }: { children: ReactNode }) {
  return (
    <Text c="dimmed" size="sm" py="xs">
      {children}
    </Text>
  );
}
