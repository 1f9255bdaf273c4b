import { SimpleGrid, Text } from '@mantine/core';

/** Named figures side by side: [name, value]. */
export function Figures({ figures }: { figures: readonly (readonly [string, string])[] }) {
  return (
    <SimpleGrid component="dl" cols={{ base: 2, sm: 4 }} spacing="sm" m={0}>
      {figures.map(([name, value]) => (
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
