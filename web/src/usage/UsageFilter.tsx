import { Group, NativeSelect, Select } from '@mantine/core';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { ListSelect } from '../contact_list/ListSelect';
import { destinations } from '../country/countries';
import { ActorSelect } from './ActorSelect';
import type { Restriction } from './restriction';

/** Restricts usage to a list, a country, a channel, or to who sent it. */
export function UsageFilter(props: {
  accountId: string;
  restriction: Restriction;
  onChange(restriction: Restriction): void;
}) {
  const { t, i18n } = useTranslation();
  const { restriction, onChange } = props;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the names are those of the language.
  const countries = useMemo(() => destinations(), [i18n.language]);
  return (
    <Group align="end" gap="sm" className="filters">
      <ListSelect
        accountId={props.accountId}
        placeholder={t('usage.everyList')}
        value={restriction.list ?? null}
        onChange={(list) => onChange({ ...restriction, list: list ?? undefined })}
      />
      <Select
        label={t('column.country')}
        placeholder={t('usage.everyCountry')}
        searchable
        clearable
        clearButtonProps={{ 'aria-label': t('usage.clearCountry') }}
        nothingFoundMessage={t('usage.noCountry')}
        data={countries}
        value={restriction.country ?? null}
        onChange={(country) => onChange({ ...restriction, country: country ?? undefined })}
      />
      <NativeSelect
        label={t('usage.channel')}
        data={[{ value: '', label: t('usage.everyChannel') }, 'SMS', 'MMS']}
        value={restriction.channel ?? ''}
        onChange={({ currentTarget: { value } }) =>
          onChange({
            ...restriction,
            channel: value === 'SMS' || value === 'MMS' ? value : undefined,
          })
        }
      />
      <ActorSelect
        accountId={props.accountId}
        actor={restriction}
        onChange={(actor) => onChange({ ...restriction, ...actor })}
      />
    </Group>
  );
}
