import { Alert, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { type FragmentType, graphql, readFragment } from '../generated';

export const MERGE_FIELDS = graphql(`
  fragment MergeFields on Quote {
    personalised
    mergeFields {
      name
      fallback
      missingValueCount @include(if: $texts)
    }
  }
`);

/**
 * What becomes of a text's merge fields: which contacts lack a value, which fields nobody has, and
 * that fields count as their fallbacks if the list's contacts aren't stored.
 */
export function MergeFields(props: { quote: FragmentType<typeof MERGE_FIELDS>; contacts: number }) {
  const { t } = useTranslation();
  const { personalised, mergeFields } = readFragment(MERGE_FIELDS, props.quote);
  if (mergeFields.length === 0) return null;
  if (!personalised) return <Alert color="yellow">{t('mergeFields.notStored')}</Alert>;
  return mergeFields.map(({ name, fallback, missingValueCount: without }) => {
    if (!without) return null;
    const gets = fallback ? t('mergeFields.get', { fallback }) : t('mergeFields.getNothing');
    const key = `${name}|${fallback ?? ''}`;
    return without >= props.contacts ? (
      <Alert
        key={key}
        color="yellow"
        role="alert"
        title={t('mergeFields.unknown', { field: name })}
      >
        {t('mergeFields.misspelt', { count: without })} {gets}
      </Alert>
    ) : (
      <Text key={key} size="sm">
        {t('mergeFields.without', { count: without, field: name })} {gets}
      </Text>
    );
  });
}
