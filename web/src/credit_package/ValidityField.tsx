import { TextInput } from '@mantine/core';
import { useTranslation } from 'react-i18next';

/** Whether a text is a number of days, or empty; the server knows the limits. */
export function isDays(text: string): boolean {
  return /^\d{0,6}$/.test(text.trim());
}

/** For how many days a package's credits can be used; empty if they never expire. */
export function ValidityField(props: {
  value: string;
  error?: string;
  onChange(value: string): void;
}) {
  const { t } = useTranslation();
  return (
    <TextInput
      label={t('packages.daysField')}
      description={t('packages.daysMeaning')}
      inputMode="numeric"
      autoComplete="off"
      value={props.value}
      error={props.error}
      onChange={(event) => props.onChange(event.currentTarget.value)}
    />
  );
}
