import { Box, Code, Group, Stack, Text } from '@mantine/core';
import type { TFunction } from 'i18next';
import { useTranslation } from 'react-i18next';
import { type FragmentType, graphql, readFragment } from '../generated';
import type { SegmentCutFragment } from '../generated/graphql';
import { formatCount } from '../number/decimal';

export const SEGMENT_CUT = graphql(`
  fragment SegmentCut on Segmentation {
    channel
    encoding
    characterCount
    unitsPerSegment
    unitsRemaining
    segmentCount
    segments {
      index
      text
      unitCount
    }
    nonGsmCharacters {
      character
      codePoint
      replacement
    }
  }
`);

/** How the server cuts a text into segments, and which characters make it more expensive. */
export function SegmentCut(props: { cut: FragmentType<typeof SEGMENT_CUT>; isEmpty: boolean }) {
  const { t } = useTranslation();
  const cut = readFragment(SEGMENT_CUT, props.cut);
  return (
    <Stack gap="sm">
      <Text size="sm" role="status">
        {summary(t, cut)}
      </Text>
      <ExpensiveCharacters characters={cut.nonGsmCharacters} />
      <Stack component="ol" gap="xs" m={0} p={0} style={{ listStyle: 'none' }}>
        {!props.isEmpty &&
          cut.segments.map((segment) => (
            <Box component="li" key={segment.index}>
              <Text size="xs" c="dimmed">
                {t('segments.segment', {
                  index: segment.index + 1,
                  used: formatCount(segment.unitCount),
                  places: formatCount(cut.unitsPerSegment),
                })}
              </Text>
              <Text size="sm" className="pre-wrap" dir="auto">
                {segment.text}
              </Text>
            </Box>
          ))}
      </Stack>
    </Stack>
  );
}

function summary(t: TFunction, cut: SegmentCutFragment): string {
  return [
    `${t(`segments.kind.${cut.encoding ?? cut.channel}`)}: ${t('segments.count', { count: cut.segmentCount })}.`,
    t('segments.characters', { count: cut.characterCount }),
    t('segments.room', { count: cut.unitsRemaining }),
  ].join(' ');
}

/** Characters shown of those that halve a segment: more than a text has, unless all are. */
const SHOWN = 12;

function ExpensiveCharacters({
  characters,
}: {
  characters: SegmentCutFragment['nonGsmCharacters'];
}) {
  const { t } = useTranslation();
  if (characters.length === 0) return null;
  const distinct = new Map(characters.map((one) => [one.codePoint, one]));
  return (
    <Group gap="xs" align="center">
      <Text size="sm">{t('segments.expensive')}</Text>
      {[...distinct.values()].slice(0, SHOWN).map((one) => (
        <Code key={one.codePoint}>
          {visible(t, one)}
          {one.replacement != null && ` → ${one.replacement || t('segments.leftOut')}`}
        </Code>
      ))}
      {distinct.size > SHOWN && (
        <Text size="sm">{t('segments.more', { count: distinct.size - SHOWN })}</Text>
      )}
    </Group>
  );
}

/** The character, or its code if nobody could see it. */
function visible(t: TFunction, one: { character: string; codePoint: string }): string {
  return /^[\p{Z}\p{C}\p{M}]+$/u.test(one.character)
    ? t('segments.invisible', { code: one.codePoint })
    : one.character;
}
