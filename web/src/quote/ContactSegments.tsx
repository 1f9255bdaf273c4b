import { Select, Stack, Text } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useQuery } from 'urql';
import { graphql } from '../generated';
import type { QuoteInput } from '../generated/graphql';
import { Failure } from '../screen/Failure';
import { Pending } from '../screen/Pending';
import { SegmentCut } from './SegmentCut';

const CONTACTS = graphql(`
  query ContactsToPreview($listId: ID!, $search: String) {
    node(id: $listId) {
      __typename
      ... on ContactList {
        id
        contacts(first: 20, search: $search) {
          nodes {
            id
            phoneNumber
            fields {
              name
              value
            }
          }
        }
      }
    }
  }
`);

const TEXT = graphql(`
  query ContactText($input: QuoteInput!, $contactId: ID!) {
    quote(input: $input) {
      personalText(contactId: $contactId) {
        segmentation {
          ...SegmentCut
        }
      }
    }
  }
`);

interface Contact {
  id: string;
  phoneNumber: string;
  fields: { name: string; value: string }[];
}

/** How a contact is told from others: its number and what is known of it. */
function labelOf({ phoneNumber, fields }: Contact): string {
  const values = fields.slice(0, 3).map(({ value }) => value);
  return [phoneNumber, ...values].join(' · ');
}

/** The text that a chosen contact of a list gets, as it is cut. */
export function ContactSegments({ listId, input }: { listId: string; input: QuoteInput }) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState('');
  const [chosen, setChosen] = useState<Contact>();
  // The field shows the chosen contact's label, which nobody searches for.
  const label = chosen && labelOf(chosen);
  const [search] = useDebouncedValue(typed === label ? '' : typed.trim(), 250);
  const [{ data: found, error: notFound }, searchAgain] = useQuery({
    query: CONTACTS,
    variables: { listId, search: search || null },
  });
  const [{ data, error, fetching }, ask] = useQuery({
    query: TEXT,
    variables: { input, contactId: chosen?.id ?? '' },
    pause: !chosen,
  });
  const contacts = found?.node?.__typename === 'ContactList' ? found.node.contacts.nodes : [];
  const offered = chosen && !contacts.some(({ id }) => id === chosen.id) ? [chosen] : [];
  const all = [...offered, ...contacts];
  const cut = data?.quote.personalText?.segmentation;
  return (
    <Stack gap="sm">
      <Select
        size="sm"
        searchable
        label={t('segments.contact')}
        placeholder={t('segments.searchContact')}
        nothingFoundMessage={t('segments.noContact')}
        data={all.map((contact) => ({ value: contact.id, label: labelOf(contact) }))}
        // The server searches, by parts of values that the label may not show.
        filter={({ options }) => options}
        value={chosen?.id ?? null}
        onSearchChange={setTyped}
        onChange={(id) => setChosen(all.find((contact) => contact.id === id))}
      />
      {notFound && <Failure error={notFound} onRetry={searchAgain} />}
      {chosen && error && <Failure error={error} onRetry={ask} />}
      {chosen && !error && !cut && fetching && <Pending rows={2} />}
      {chosen && cut && <SegmentCut cut={cut} isEmpty={false} />}
      {!chosen && (
        <Text size="sm" c="dimmed">
          {t('segments.chooseContact')}
        </Text>
      )}
    </Stack>
  );
}
