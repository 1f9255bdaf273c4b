import { FileInput, Group, Text, Textarea, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useMutation, useQuery } from 'urql';
import { graphql } from '../generated';
import { NumberField, problemText } from '../number/NumberField';
import { editable, readNumber } from '../number/reading';
import { FormDialog } from '../screen/FormDialog';
import { errorsUnder, otherErrors, received, type UserError } from '../screen/user_errors';
import { type ReadFile, readRates } from './csv';
import { FileContent } from './FileContent';
import { errorsByLine, rateInputs } from './input';
import { newestOfEach } from './newest';
import { RATES } from './rates';

const CARDS = graphql(`
  query CardsToPublish {
    rateCards(first: 500) {
      nodes {
        id
        code
        version
        creditValue {
          amount
          currencyCode
        }
      }
    }
  }
`);

const PUBLISH = graphql(`
  mutation PublishRateCard($input: PublishRateCardInput!) {
    publishRateCard(input: $input) {
      rateCard {
        id
        code
        version
      }
      userErrors {
        field
        message
      }
    }
  }
`);

/** A card of 300 rows has some 5 kB: a larger file is something else. */
const MAX_FILE_BYTES = 1024 * 1024;

/** Publishes a new version of a card from a file, or a new card, after showing what changes. */
export function PublishDialog(props: { code: string; onClose(): void }) {
  const { t } = useTranslation();
  const { onClose } = props;
  const [code, setCode] = useState(props.code);
  const [file, setFile] = useState<File | null>(null);
  const [read, setRead] = useState<ReadFile>();
  const [typed, setValue] = useState<string>();
  const [chosen, setCurrency] = useState<string>();
  const [note, setNote] = useState('');
  const [refusals, setRefusals] = useState<readonly UserError[]>([]);
  const [{ data: listed }] = useQuery({ query: CARDS, requestPolicy: 'cache-and-network' });
  const before = newestOfEach(listed?.rateCards.nodes ?? []).find((card) => card.code === code);
  const [{ data: old, fetching: comparing }] = useQuery({
    query: RATES,
    variables: { id: before?.id ?? '' },
    pause: !before,
  });
  const [{ error, fetching }, publish] = useMutation(PUBLISH);

  const value = typed ?? editable(before?.creditValue.amount ?? '');
  const currencyCode = before?.creditValue.currencyCode ?? chosen ?? 'EUR';
  const unit = { kind: 'value', currencyCode } as const;
  // While a query is paused it may hold another card's answer.
  const rates = before && old?.node && 'rates' in old.node ? old.node.rates : [];
  const isKnown = !before || (old?.node?.id === before.id && !comparing);

  async function choose(next: File | null) {
    setFile(next);
    setRead(undefined);
    setRefusals([]);
    if (!next) return;
    if (next.size > MAX_FILE_BYTES) {
      setRefusals([{ field: ['file'], message: t('rates.tooLarge') }]);
    } else setRead(readRates(await next.text()));
  }

  async function submit() {
    const reading = readNumber(value, unit);
    const wrong: UserError[] = [];
    if ('problem' in reading) {
      wrong.push({ field: ['creditValue'], message: problemText(t, reading.problem, unit) });
    }
    if (!file) wrong.push({ field: ['file'], message: t('rates.chooseFile') });
    setRefusals(wrong);
    if (!read || 'errors' in read || 'problem' in reading) return;
    const { data } = await publish({
      input: {
        code,
        description: note.trim() === '' ? null : note,
        creditValue: { amount: reading.value, currencyCode },
        rates: rateInputs(read.rows, rates),
      },
    });
    if (!data) return;
    const { userErrors } = data.publishRateCard;
    setRefusals(errorsByLine(t, received(userErrors), read.rows));
    if (userErrors.length === 0) onClose();
  }

  return (
    <FormDialog
      title={props.code ? t('rates.publishOf', { code: props.code }) : t('rates.publishNew')}
      size="xl"
      action={t('rates.publish')}
      busy={fetching}
      disabled={!isKnown || (read && 'errors' in read)}
      error={error}
      problem={otherErrors(refusals, 'code', 'creditValue', 'description', 'file')}
      onSubmit={submit}
      onClose={onClose}
    >
      {!props.code && (
        <TextInput
          label={t('packages.code')}
          description={t('rates.codeMeaning')}
          autoComplete="off"
          data-autofocus
          value={code}
          error={errorsUnder(refusals, 'code')}
          onChange={(event) => setCode(event.currentTarget.value)}
        />
      )}
      <FileInput
        label={t('import.file')}
        description={t('rates.fileMeaning')}
        placeholder={t('import.chooseFile')}
        accept=".csv,.tsv,.txt"
        value={file}
        error={errorsUnder(refusals, 'file')}
        onChange={choose}
      />
      {read && isKnown && <FileContent read={read} before={before} rates={rates} />}
      <Group align="start" gap="sm" grow>
        <NumberField
          label={t('rates.value')}
          unit={unit}
          value={value}
          error={errorsUnder(refusals, 'creditValue')}
          onChange={setValue}
        />
        <TextInput
          label={t('settings.currency')}
          autoComplete="off"
          maxLength={3}
          // A card stays in its currency.
          disabled={before !== undefined}
          value={currencyCode}
          onChange={(event) => setCurrency(event.currentTarget.value.toUpperCase())}
        />
      </Group>
      <Textarea
        label={t('rates.note')}
        attributes={{ input: { dir: 'auto' } }}
        autosize
        minRows={1}
        maxRows={4}
        value={note}
        error={errorsUnder(refusals, 'description')}
        onChange={(event) => setNote(event.currentTarget.value)}
      />
      <Text size="sm">
        {before ? t('rates.becomes', { code, version: before.version + 1 }) : t('rates.becomesNew')}
      </Text>
    </FormDialog>
  );
}
