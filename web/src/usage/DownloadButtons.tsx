import { Button, Group, Text } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useClient } from 'urql';
import { graphql } from '../generated';
import type { ReportFormat } from '../generated/graphql';
import { explain } from '../screen/explain';
import type { ReportInput } from './report_input';
import { save } from './save';

const DOWNLOAD = graphql(`
  query DownloadUsage($input: UsageReportInput!, $format: ReportFormat!) {
    usageReportDownload(input: $input, format: $format) {
      url
      fileName
    }
  }
`);

/**
 * Downloads the report as a file. The link is requested on the click, because it is valid for some
 * minutes only.
 */
export function DownloadButtons({ input }: { input?: ReportInput }) {
  const { t } = useTranslation();
  const client = useClient();
  const [asking, setAsking] = useState<ReportFormat>();
  const [problem, setProblem] = useState<string>();

  async function download(format: ReportFormat) {
    if (!input) return;
    setAsking(format);
    setProblem(undefined);
    const { data, error } = await client
      .query(DOWNLOAD, { input, format }, { requestPolicy: 'network-only' })
      .toPromise();
    setAsking(undefined);
    if (data) save(data.usageReportDownload);
    else setProblem(error ? explain(t, error) : t('failure.noFile'));
  }

  return (
    <Group gap="sm">
      {problem && (
        <Text size="sm" c="red" role="alert">
          {problem}
        </Text>
      )}
      <Button
        variant="default"
        disabled={!input}
        loading={asking === 'XLSX'}
        onClick={() => download('XLSX')}
      >
        {t('action.downloadExcel')}
      </Button>
      <Button
        variant="default"
        disabled={!input}
        loading={asking === 'CSV'}
        onClick={() => download('CSV')}
      >
        {t('action.downloadCsv')}
      </Button>
    </Group>
  );
}
