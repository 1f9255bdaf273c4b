import { Button, Text } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useClient } from 'urql';
import { explain } from '../screen/explain';
import { saveText } from '../usage/save';
import { type RateRow, writeRates } from './csv';
import { RATES } from './rates';

/** Downloads the rates of one version as a file that can be published again. */
export function DownloadRates(props: { card: { id: string; code: string; version: number } }) {
  const { t } = useTranslation();
  const { id, code, version } = props.card;
  const client = useClient();
  const [asking, setAsking] = useState(false);
  const [problem, setProblem] = useState<string>();

  async function download() {
    setAsking(true);
    setProblem(undefined);
    const { data, error } = await client.query(RATES, { id }).toPromise();
    setAsking(false);
    if (data?.node && 'rates' in data.node) {
      saveText(writeRates(data.node.rates.map(plain)), `rates-${code}-${version}.csv`);
    } else setProblem(error ? explain(t, error) : t('failure.noFile'));
  }

  return (
    <>
      {problem && (
        <Text size="xs" c="red" role="alert">
          {problem}
        </Text>
      )}
      <Button
        size="compact-xs"
        variant="default"
        loading={asking}
        aria-label={t('rates.downloadOf', { code, version })}
        onClick={download}
      >
        {t('action.downloadCsv')}
      </Button>
    </>
  );
}

/** A row of the API as a row of a file. */
export function plain(rate: {
  countryCode?: string | null;
  sms?: string | null;
  mms?: string | null;
}): RateRow {
  const { countryCode = null, sms = null, mms = null } = rate;
  return { countryCode, sms, mms };
}
