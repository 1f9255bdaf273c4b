import { Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useQuery } from 'urql';
import { graphql } from '../generated';
import { creditsText } from '../number/credits';
import { isZero, sum, times } from '../number/decimal';

const SMART_SEGMENTS = graphql(`
  query SmartSegments($input: SegmentationInput!) {
    segmentation(input: $input) {
      segmentCount
    }
  }
`);

interface Line {
  recipientCount: number;
  segmentCount: number;
  creditsPerSegment?: string | null;
}

/**
 * What smart encoding would have saved on an SMS whose text is the same for everybody; nothing if
 * it would have saved nothing.
 */
export function SmartSaving({ text, lines }: { text: string; lines: readonly Line[] }) {
  const { t } = useTranslation();
  const [{ data }] = useQuery({
    query: SMART_SEGMENTS,
    variables: { input: { text, smartEncoding: true } },
  });
  const fewer = data?.segmentation.segmentCount;
  if (fewer === undefined) return null;
  const saved = sum(
    lines.map(({ recipientCount, segmentCount, creditsPerSegment }) =>
      times(creditsPerSegment ?? '0', recipientCount * Math.max(0, segmentCount - fewer)),
    ),
  );
  if (isZero(saved)) return null;
  return (
    <Text size="sm" data-figure="smart-saving">
      {t('messages.smartSaving', { count: fewer, credits: creditsText(t, saved) })}
    </Text>
  );
}
