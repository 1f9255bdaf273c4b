import { Box, Group, Paper, Title } from '@mantine/core';
import { type ReactNode, useId } from 'react';

/** A titled section of the page. */
export function Panel(props: { title: string; aside?: ReactNode; children: ReactNode }) {
  const id = useId();
  return (
    <Paper component="section" aria-labelledby={id} withBorder p="md">
      <Group justify="space-between" gap="sm" mb="sm" mih={30}>
        <Title order={2} size="h5" id={id}>
          {props.title}
        </Title>
        {props.aside}
      </Group>
      <Box>{props.children}</Box>
    </Paper>
  );
}
