import { SegmentedControl, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { type FragmentType, graphql, readFragment } from '../generated';
import type { QuoteInput } from '../generated/graphql';
import { ContactSegments } from './ContactSegments';
import { SegmentCut } from './SegmentCut';

export const QUOTED_SEGMENTS = graphql(`
  fragment QuotedSegments on Quote {
    personalised
    segmentation {
      ...SegmentCut
    }
    distribution {
      segmentCount
      recipientCount
    }
    shortest @include(if: $texts) {
      text
      segmentation {
        ...SegmentCut
      }
    }
    longest @include(if: $texts) {
      text
      segmentation {
        ...SegmentCut
      }
    }
  }
`);

type Shown = 'longest' | 'shortest' | 'fallbacks' | 'contact';

/**
 * The segments that a quote counts. With merge fields there is a text for each contact: the longest,
 * the shortest or that of a chosen contact is shown, and how many contacts get how many segments.
 */
export function QuotedSegments(props: {
  quote: FragmentType<typeof QUOTED_SEGMENTS>;
  /** What was quoted, and for which list's contacts. */
  input: QuoteInput;
  listId?: string;
  isEmpty: boolean;
}) {
  const { t } = useTranslation();
  const quote = readFragment(QUOTED_SEGMENTS, props.quote);
  const [chosen, setChosen] = useState<Shown>('longest');
  const listId = chosen === 'contact' ? props.listId : undefined;
  const texts = {
    longest: quote.longest?.segmentation,
    shortest: quote.shortest?.segmentation,
    fallbacks: quote.segmentation,
    contact: undefined,
  };
  const personal = quote.personalised && texts.longest !== undefined;
  const cut = (personal && texts[chosen]) || quote.segmentation;
  return (
    <Stack gap="sm">
      {personal && (
        <SegmentedControl
          size="xs"
          aria-label={t('segments.whose')}
          value={chosen}
          onChange={(value) => setChosen(value as Shown)}
          data={[
            { value: 'longest', label: t('segments.longest') },
            { value: 'shortest', label: t('segments.shortest') },
            { value: 'fallbacks', label: t('segments.fallbacks') },
            { value: 'contact', label: t('segments.ofContact') },
          ]}
        />
      )}
      {personal && listId ? (
        <ContactSegments key={listId} listId={listId} input={props.input} />
      ) : (
        <SegmentCut cut={cut} isEmpty={props.isEmpty} />
      )}
      {quote.distribution.length > 1 && (
        <Text size="sm" c="dimmed">
          {quote.distribution
            .map(({ segmentCount, recipientCount }) =>
              t('segments.share', {
                count: segmentCount,
                recipients: t('quote.recipients', { count: recipientCount }),
              }),
            )
            .join(' · ')}
        </Text>
      )}
    </Stack>
  );
}
