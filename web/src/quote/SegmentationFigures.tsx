import { Box, Code, Group, Stack, Text } from '@mantine/core';
import { useQuery } from 'urql';
import { graphql } from '../generated';
import type { SegmentationQuery } from '../generated/graphql';
import { formatCount } from '../number/decimal';
import { Failure } from '../screen/Failure';
import { Pending } from '../screen/Pending';
import { type Draft, mediaOf } from './draft';

const SEGMENTATION = graphql(`
  query Segmentation($input: SegmentationInput!) {
    segmentation(input: $input) {
      channel
      encoding
      characters
      units
      unitsPerSegment
      unitsRemaining
      segmentCount
      segments {
        index
        text
        units
      }
      nonGsmCharacters {
        character
        codePoint
        offset
        replacement
      }
    }
  }
`);

type Segmentation = SegmentationQuery['segmentation'];

/** How the draft is split into segments, and which characters make it more expensive. */
export function SegmentationFigures({ draft }: { draft: Draft }) {
  const input = {
    text: draft.text,
    media: mediaOf(draft),
    smartEncoding: draft.smartEncoding,
  };
  const [{ data, error, fetching }, ask] = useQuery({ query: SEGMENTATION, variables: { input } });
  const cut = data?.segmentation;

  if (error) return <Failure error={error} onRetry={ask} />;
  if (!cut) return <Pending what="segments" />;
  return (
    <Stack gap="sm" aria-busy={fetching}>
      <Text size="sm" role="status">
        {summary(cut)}
      </Text>
      <NonGsmCharacters characters={cut.nonGsmCharacters} />
      <Stack component="ol" gap="xs" m={0} p={0} style={{ listStyle: 'none' }}>
        {draft.text !== '' &&
          cut.segments.map((segment) => (
            <Box component="li" key={segment.index}>
              <Text size="xs" c="dimmed">
                Segment {segment.index + 1}: {formatCount(segment.units)} of{' '}
                {formatCount(cut.unitsPerSegment)} units
              </Text>
              <Text size="sm" className="pre-wrap">
                {segment.text}
              </Text>
            </Box>
          ))}
      </Stack>
    </Stack>
  );
}

function summary(cut: Segmentation): string {
  const kind = cut.encoding ? `${cut.channel} in ${cut.encoding.replace('_', '-')}` : cut.channel;
  const segments = cut.segmentCount === 1 ? '1 segment' : `${cut.segmentCount} segments`;
  const characters = formatCount(cut.characters);
  return `${kind}: ${segments}, ${characters} characters, ${formatCount(cut.unitsRemaining)} units free in the last.`;
}

function NonGsmCharacters({ characters }: { characters: Segmentation['nonGsmCharacters'] }) {
  if (characters.length === 0) return null;
  const distinct = new Map(characters.map((one) => [one.codePoint, one]));
  return (
    <Group gap="xs" align="center">
      <Text size="sm">These characters force UCS-2:</Text>
      {[...distinct.values()].slice(0, 12).map((one) => (
        <Code key={one.codePoint}>
          {one.character} {one.codePoint}
          {one.replacement != null && ` → ${one.replacement}`}
        </Code>
      ))}
    </Group>
  );
}
