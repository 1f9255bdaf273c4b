import { Skeleton, Stack, VisuallyHidden } from '@mantine/core';

const ROWS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];

/** Placeholder lines while a response is loading. */
export function Pending({ what, rows = 3 }: { what: string; rows?: number }) {
  return (
    <Stack gap="xs" aria-busy="true">
      <VisuallyHidden role="status">Loading {what}…</VisuallyHidden>
      {ROWS.slice(0, rows).map((key) => (
        <Skeleton key={key} height={20} />
      ))}
    </Stack>
  );
}
