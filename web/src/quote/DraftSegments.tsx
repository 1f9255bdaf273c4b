import { useTranslation } from 'react-i18next';
import { useQuery } from 'urql';
import { graphql } from '../generated';
import { Failure } from '../screen/Failure';
import { Nothing } from '../screen/Nothing';
import { Pending } from '../screen/Pending';
import { type Draft, mediaOf } from './draft';
import { SegmentCut } from './SegmentCut';

const SEGMENTATION = graphql(`
  query Segmentation($input: SegmentationInput!) {
    segmentation(input: $input) {
      ...SegmentCut
    }
  }
`);

/**
 * The segments of a draft without recipients. They can't be known if the text has merge fields,
 * since their values are the recipients': `toWhom` says what to do about it; to choose a list if it
 * is left out.
 */
export function DraftSegments({ draft, toWhom }: { draft: Draft; toWhom?: string }) {
  const { t } = useTranslation();
  const personal = draft.text.includes('{{');
  const input = { text: draft.text, media: mediaOf(draft), smartEncoding: draft.smartEncoding };
  const [{ data, error }, ask] = useQuery({
    query: SEGMENTATION,
    variables: { input },
    pause: personal,
  });
  if (personal) return <Nothing>{toWhom ?? t('segments.chooseList')}</Nothing>;
  if (error) return <Failure error={error} onRetry={ask} />;
  if (!data) return <Pending />;
  return <SegmentCut cut={data.segmentation} isEmpty={draft.text === ''} />;
}
