import { SimpleGrid, Text } from '@mantine/core';

/** Named figures side by side: [name, value]. */
export function Figures(props: {
  figures: readonly (readonly [string, string])[];
  /** How many are side by side if there is room; four if it is left out. */
  columns?: number;
}) {
  return (
    <SimpleGrid component="dl" cols={{ base: 2, sm: props.columns ?? 4 }} spacing="sm" m={0}>
      {props.figures.map(([name, value]) => (
        <div key={name}>
          <Text component="dt" size="xs" c="dimmed">
            {name}
          </Text>
          <Text
            component="dd"
            m={0}
            fw={500}
            data-figure={name}
            style={{ overflowWrap: 'anywhere' }}
          >
            {value}
          </Text>
        </div>
      ))}
    </SimpleGrid>
  );
}
