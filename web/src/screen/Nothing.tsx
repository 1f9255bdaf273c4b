import { Text } from '@mantine/core';
import type { ReactNode } from 'react';

/** Shown for a list without rows. */
export function Nothing({ children }: { children: ReactNode }) {
  return (
    <Text c="dimmed" size="sm" py="xs">
      {children}
    </Text>
  );
}
